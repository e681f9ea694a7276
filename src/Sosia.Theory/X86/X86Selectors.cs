using System;

namespace Sosia.Theory.X86;

/// <summary>
/// The descriptor tables that every state has: what the program runs with, what the control program runs with, and one descriptor of every kind
/// and level for instructions that name them.
/// </summary>
internal static class X86Selectors
{
    /// <summary>The program's code in either mode: conforming, so that nothing but the selector's RPL tells the mode.</summary>
    public const ushort ProgramCode = 0x08;

    /// <summary>The control program's code, where all gates lead.</summary>
    public const ushort HandlerCode = 0x10;

    /// <summary>The control program's stack.</summary>
    public const ushort HandlerStack = 0x18;

    /// <summary>The program's stack in supervisor mode.</summary>
    public const ushort SupervisorStack = 0x20;

    /// <summary>The program's stack in user mode.</summary>
    public const ushort UserStack = 0x2b;

    /// <summary>The program's data in either mode.</summary>
    public const ushort ProgramData = 0x33;

    /// <summary>Gates lead here.</summary>
    public const ushort InnerCode = 0x38;

    /// <summary>The task state segment in use.</summary>
    public const ushort Task = 0xa0;

    /// <summary>Another name for it.</summary>
    public const ushort OtherTask = 0xb0;

    /// <summary>The local descriptor table.</summary>
    public const ushort Ldt = 0x90;

    /// <summary>The limit of a GDT with everything in it.</summary>
    public const uint GdtLimit = 0xdf;

    /// <summary>The limit of a GDT that ends behind what program and control program run with.</summary>
    public const uint ShortGdtLimit = 0x37;

    /// <summary>The limit of the LDT.</summary>
    public const uint LdtLimit = 0x2f;

    /// <summary>Every selector that an instruction may want, at both levels, and some that are none.</summary>
    public static ushort[] All { get; } = CreateAll();

    /// <summary>Writes the GDT.</summary>
    /// <param name="table">Room for <see cref="GdtLimit"/> + 1 bytes.</param>
    /// <param name="codeBits">32 or 64.</param>
    /// <param name="segmentBase">The base of the program's segments.</param>
    /// <param name="ldt">The LDT's linear address.</param>
    /// <param name="tss">The TSS's linear address.</param>
    /// <param name="flavour">Limits and available bits of what is only there to be named.</param>
    public static void WriteGdt(Span<ulong> table, int codeBits, uint segmentBase, uint ldt, uint tss, ulong flavour)
    {
        int code = codeBits == 64 ? 0xa : 0xc;
        // The two lowest bits of the flavour show in limit and AVL.
        uint limit = (flavour & 1) == 0 ? 0xf_ffffu : 0xe_ffff;
        int data = 0xc | ((flavour & 2) != 0 ? 1 : 0);
        int other = code | ((flavour & 2) != 0 ? 1 : 0);
        table.Clear();
        table[1] = Segment(segmentBase, 0xf_ffff, 0x9f, code);
        table[2] = Segment(0, 0xf_ffff, 0x9b, code);
        table[3] = Segment(0, 0xf_ffff, 0x93, 0xc);
        table[4] = Segment(segmentBase, 0xf_ffff, 0x93, 0xc);
        table[5] = Segment(segmentBase, 0xf_ffff, 0xf3, 0xc);
        table[6] = Segment(segmentBase, 0xf_ffff, 0xf3, 0xc);
        table[7] = Segment(segmentBase, 0xf_ffff, 0x9b, code);
        table[8] = Segment(segmentBase, limit, 0xfb, other);
        table[9] = Segment(segmentBase, limit, 0xff, other);
        table[10] = Segment(segmentBase, limit, 0x93, data);
        table[11] = Segment(segmentBase, limit, 0xf1, data);
        // Not present; execute-only.
        table[12] = Segment(segmentBase, limit, 0x73, data);
        table[13] = Segment(segmentBase, limit, 0xf9, other);
        table[14] = Segment(0, 0, 0, 0);
        // Gates of level 0 and 3; in IA-32e mode each takes two entries.
        table[15] = Gate(InnerCode, X86Layout.Landing, 0x8c);
        table[16] = 0;
        table[18] = Segment(ldt, LdtLimit, 0x82, 0);
        table[20] = Segment(tss, 0xfff, 0x8b, 0);
        table[22] = Segment(tss, 0xfff, 0x89, 0);
        table[24] = Segment(tss, 0xfff, 0xe9, 0);
        table[26] = Gate(InnerCode, X86Layout.Landing, 0xec);
    }

    /// <summary>Writes the LDT.</summary>
    public static void WriteLdt(Span<ulong> table, int codeBits, uint segmentBase, ulong flavour)
    {
        int code = codeBits == 64 ? 0xa : 0xc;
        uint limit = (flavour & 1) == 0 ? 0xf_ffffu : 0xd_ffff;
        table.Clear();
        table[0] = Segment(segmentBase, limit, 0xf3, 0xc);
        table[1] = Segment(segmentBase, limit, 0x93, 0xc);
        table[2] = Segment(segmentBase, limit, 0xfb, code);
        table[3] = Segment(segmentBase, limit, 0x9b, code);
    }

    /// <summary>A gate descriptor's first eight bytes.</summary>
    public static ulong Gate(ushort selector, uint offset, int access)
        => (offset & 0xffff) | ((ulong)selector << 16) | ((ulong)(byte)access << 40) | ((ulong)(offset >> 16) << 48);

    private static ulong Segment(uint segmentBase, uint limit, int access, int flags)
        => (limit & 0xffff) | ((ulong)(segmentBase & 0xff_ffff) << 16) | ((ulong)(byte)access << 40)
            | ((ulong)((limit >> 16) & 15) << 48) | ((ulong)flags << 52) | ((ulong)(segmentBase >> 24) << 56);

    private static ushort[] CreateAll()
    {
        int[] indexes = [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 18, 20, 22, 24, 26];
        // What level 0 may use and level 3 may not, several times.
        ushort[] inner = [SupervisorStack, InnerCode, 0x50, 0x0c];
        var all = new ushort[(2 * indexes.Length) + 8 + 4 + (2 * inner.Length)];
        int count = 0;
        foreach (ushort selector in inner)
        {
            all[count++] = selector;
            all[count++] = selector;
        }

        foreach (int index in indexes)
        {
            all[count++] = (ushort)(index << 3);
            all[count++] = (ushort)((index << 3) | 3);
        }

        for (int index = 0; index < 4; index++)
        {
            all[count++] = (ushort)((index << 3) | 4);
            all[count++] = (ushort)((index << 3) | 7);
        }

        // Null at two levels, and beyond both tables.
        all[count++] = 0;
        all[count++] = 3;
        all[count++] = 0x7f8;
        all[count] = 0x7fc;
        return all;
    }
}
