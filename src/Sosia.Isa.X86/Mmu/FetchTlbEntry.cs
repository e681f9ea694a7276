using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.Mmu;

/// <summary>One entry of the instruction-fetch TLB.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FetchTlbEntry
{
    /// <summary>Entries; a power of two.</summary>
    public const int Count = 256;

    /// <summary>Linear page address; bit 0 set for user fetches.</summary>
    public ulong Tag;

    /// <summary>Valid only in this generation; 0 is never current.</summary>
    public ulong Generation;

    /// <summary>Guest physical page address.</summary>
    public ulong GuestPhysical;
}
