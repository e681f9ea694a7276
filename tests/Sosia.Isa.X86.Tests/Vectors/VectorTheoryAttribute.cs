using Xunit;

namespace Sosia.Isa.X86.Tests.Vectors;

/// <summary>A theory on recorded vectors: skipped, saying so, where they are not installed.</summary>
public sealed class VectorTheoryAttribute : TheoryAttribute
{
    public VectorTheoryAttribute(string set)
    {
        if (VectorFolder.Find(set) is null)
        {
            Skip = $"The recorded vectors '{set}' are not here: set SOSIA_VECTORS to the folder that holds them.";
        }
    }
}
