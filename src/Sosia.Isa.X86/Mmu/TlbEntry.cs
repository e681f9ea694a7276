using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.Mmu;

/// <summary>
/// One entry of a soft TLB: direct-mapped by linear page number. An access is fast when the tag equals the linear page address;
/// everything unusual (device space, code page, read-only, watched, no permission) leaves <see cref="Invalid"/> in the tag, so that one
/// compare decides.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct TlbEntry
{
    /// <summary>Entries per TLB; a power of two.</summary>
    public const int Count = 1024;

    /// <summary>A tag that no page address equals.</summary>
    public const ulong Invalid = 1;

    /// <summary>The linear page address when reads are fast.</summary>
    public ulong ReadTag;

    /// <summary>The linear page address when writes are fast.</summary>
    public ulong WriteTag;

    /// <summary>Host address minus linear address, modulo 2^64.</summary>
    public ulong Addend;

    /// <summary>RAM page index shifted left by 1; bit 0 set for a global translation.</summary>
    public ulong RamPage;
}
