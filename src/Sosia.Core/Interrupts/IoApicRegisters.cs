using System.Runtime.CompilerServices;

namespace Sosia.Core.Interrupts;

/// <summary>The registers of an I/O APIC with 24 inputs (82093AA data sheet), and the levels of its inputs.</summary>
public struct IoApicRegisters
{
    /// <summary>The register select.</summary>
    public byte Select;

    /// <summary>The id, 0 to 15.</summary>
    public byte Id;

    /// <summary>The inputs' levels, a bit each.</summary>
    public uint Lines;

    /// <summary>The redirection entries.</summary>
    public IoApicEntries Entries;

    /// <summary>The 24 redirection entries of an I/O APIC.</summary>
    [InlineArray(24)]
    public struct IoApicEntries
    {
        private ulong _entry;
    }
}
