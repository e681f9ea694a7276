namespace Sosia.Theory.X86;

/// <summary>Where things are in the bench's memory. The program's addresses are offsets: what they lead to depends on segment bases and page tables.</summary>
internal static class X86Layout
{
    /// <summary>RAM of the bench.</summary>
    public const int RamByteCount = 0x8_0000;

    /// <summary>The instruction that is examined.</summary>
    public const uint Code = 0x1_0000;

    /// <summary>Where branches are led to now and then.</summary>
    public const uint Landing = Code + 0x800;

    /// <summary>Memory operands.</summary>
    public const uint Scratch = 0x1_2000;

    /// <summary>Size of the memory for operands.</summary>
    public const int ScratchByteCount = 0x2000;

    /// <summary>The program's stack.</summary>
    public const uint Stack = 0x1_5000;

    /// <summary>Size of the program's stack.</summary>
    public const int StackByteCount = 0x1000;

    /// <summary>First and last page of the program, by offset.</summary>
    public const uint FirstProgramPage = Code;

    /// <summary>The end of the program's pages.</summary>
    public const uint ProgramEnd = Stack + StackByteCount;

    /// <summary>The base of the program's segments when they are elsewhere.</summary>
    public const uint OtherSegmentBase = 0x10_0000;

    /// <summary>The offset, and address, of the handler of vector 0; each vector has 16 bytes, none of which is executed.</summary>
    public const uint Handlers = 0x3_0000;

    // Places of which there are two.
    private const uint PageTables = 0x1000;
    private const uint PageTablesStride = 0x4000;
    private const uint Tables = 0x2_0000;
    private const uint TablesStride = 0x8000;
    private const uint ProgramPhysical = 0x4_0000;
    private const uint ProgramStride = 0x2_0000;

    /// <summary>Guest physical address of the top page table.</summary>
    public static uint PageTablesAt(int place) => PageTables + ((uint)place * PageTablesStride);

    /// <summary>Guest physical address of offset <see cref="Code"/>.</summary>
    public static uint ProgramAt(int place) => ProgramPhysical + ((uint)place * ProgramStride);

    /// <summary>Linear and guest physical address of the GDT, 2 KiB.</summary>
    public static uint GdtAt(int place) => Tables + ((uint)place * TablesStride);

    /// <summary>Linear and guest physical address of the LDT.</summary>
    public static uint LdtAt(int place) => GdtAt(place) + 0x1000;

    /// <summary>Linear and guest physical address of the IDT, a page.</summary>
    public static uint IdtAt(int place) => GdtAt(place) + 0x2000;

    /// <summary>Linear and guest physical address of the TSS with the I/O permission map, a page.</summary>
    public static uint TssAt(int place) => GdtAt(place) + 0x3000;

    /// <summary>The end of the handlers' stack, a page behind the TSS.</summary>
    public static uint HandlerStackEndAt(int place) => GdtAt(place) + 0x5000 - 0x100;
}
