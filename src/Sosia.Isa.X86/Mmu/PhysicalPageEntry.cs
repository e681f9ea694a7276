using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.Mmu;

/// <summary>A cached answer of <see cref="Core.Buses.MemoryBus.FindRamPage"/>, which page walks ask for at every level.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PhysicalPageEntry
{
    /// <summary>Entries; a power of two.</summary>
    public const int Count = 1024;

    /// <summary>Guest physical page address | 1; 0 when empty.</summary>
    public ulong Tag;

    /// <summary>Host address of the page; null when it is not (only) RAM.</summary>
    public byte* Host;

    /// <summary>RAM page index.</summary>
    public ulong RamPageIndex;

    /// <summary>Non-zero for ROM.</summary>
    public ulong IsReadOnly;
}
