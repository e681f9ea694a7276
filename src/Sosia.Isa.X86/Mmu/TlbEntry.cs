using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.Mmu;

/// <summary>
/// One entry of a soft TLB: direct-mapped by linear page number. An access is fast when the tag equals the linear page address;
/// everything unusual (device space, code page, read-only, watched, no permission) leaves another value in the tag, so that one
/// compare decides. A tag of page address | <see cref="SlowBit"/> records that the access is permitted but takes the long way.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct TlbEntry
{
    /// <summary>Entries per TLB; a power of two.</summary>
    public const int Count = 1024;

    /// <summary>A tag that no page address equals, nor one with some of the lowest bits kept (up to 32 bytes, by which vector accesses see that they are aligned).</summary>
    public const ulong Invalid = 0x400;

    /// <summary>Set in a tag: permitted, but not fast. Never matches a page address.</summary>
    public const ulong SlowBit = 0x800;

    /// <summary><see cref="RamPage"/> bit: survives CR3 writes.</summary>
    public const ulong GlobalFlag = 1;

    /// <summary><see cref="RamPage"/> bit: device or empty space; <see cref="Addend"/> is guest physical minus linear.</summary>
    public const ulong DeviceFlag = 2;

    /// <summary><see cref="RamPage"/> bit: ROM; writes are dropped by the bus.</summary>
    public const ulong ReadOnlyFlag = 4;

    /// <summary><see cref="RamPage"/> bit: a 4 KiB piece of a larger page, which INVLPG drops together with its fellows.</summary>
    public const ulong LargeFlag = 8;

    /// <summary>The RAM page index is <see cref="RamPage"/> shifted right by this.</summary>
    public const int RamPageShift = 8;

    /// <summary>The linear page address when reads are fast.</summary>
    public ulong ReadTag;

    /// <summary>The linear page address when writes are fast.</summary>
    public ulong WriteTag;

    /// <summary>Host address minus linear address, modulo 2^64.</summary>
    public ulong Addend;

    /// <summary>RAM page index shifted left by <see cref="RamPageShift"/>, and the flag bits above.</summary>
    public ulong RamPage;
}
