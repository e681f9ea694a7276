namespace Sosia.Theory.X86;

/// <summary>Which of two places everything is in: bits of <see cref="Variant.Location"/> in the order of <see cref="Aspects"/>.</summary>
internal readonly struct X86Place
{
    private readonly ulong _location;

    /// <summary>Creates a place.</summary>
    public X86Place(ulong location) => _location = location;

    /// <summary>The names of what can be moved.</summary>
    public static string[] Aspects(int codeBits)
        => ["page tables and frames", codeBits == 64 ? "FS and GS bases" : "segment bases", "GDT", "IDT", "LDT", "TSS"];

    /// <summary>Page tables, and the frames that they map the program to.</summary>
    public int Pages => (int)_location & 1;

    /// <summary>The GDT.</summary>
    public int Gdt => (int)(_location >> 2) & 1;

    /// <summary>The IDT.</summary>
    public int Idt => (int)(_location >> 3) & 1;

    /// <summary>The LDT.</summary>
    public int Ldt => (int)(_location >> 4) & 1;

    /// <summary>The TSS, and the handlers' stack with it.</summary>
    public int Tss => (int)(_location >> 5) & 1;

    /// <summary>The base of the program's segments; in 64-bit code it plays no part.</summary>
    public uint SegmentBase(int codeBits) => codeBits == 32 ? Base : 0;

    /// <summary>The base of FS and GS in 64-bit code.</summary>
    public uint LongBase(int codeBits) => codeBits == 64 ? Base : 0;

    private uint Base => (_location & 2) != 0 ? X86Layout.OtherSegmentBase : 0;
}
