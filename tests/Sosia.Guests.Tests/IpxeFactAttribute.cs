using System.IO;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>A test that starts iPXE from a network card's option ROM: skipped, saying so, where there is none.</summary>
public sealed class IpxeFactAttribute : FactAttribute
{
    /// <summary>Looks for the ROM.</summary>
    /// <param name="model">The card, as <c>--net</c> calls it.</param>
    public IpxeFactAttribute(string model)
    {
        string rom = RomOf(model);
        Skip = File.Exists(rom) ? null : $"The option ROM '{rom}' is not installed (Debian: ipxe-qemu).";
    }

    /// <summary>Where Debian keeps a card's ROM.</summary>
    /// <param name="model">The card, as <c>--net</c> calls it.</param>
    /// <returns>The file's path.</returns>
    internal static string RomOf(string model) => $"/usr/lib/ipxe/qemu/pxe-{model}.rom";
}
