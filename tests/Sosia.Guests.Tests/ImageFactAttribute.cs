using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>A test on an image that is made from Debian's packages: skipped, saying so, where it has not been made.</summary>
public sealed class ImageFactAttribute : FactAttribute
{
    /// <summary>Looks for the image.</summary>
    /// <param name="name">Its name in the cache.</param>
    public ImageFactAttribute(string name)
    {
        Skip = CachedImage.WhyNot(name);
    }
}
