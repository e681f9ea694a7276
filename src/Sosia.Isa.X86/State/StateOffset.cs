namespace Sosia.Isa.X86.State;

/// <summary>Byte offsets of registers in <see cref="X86State"/>, as <see cref="Execution.Op"/> names them.</summary>
public static unsafe class StateOffset
{
    /// <summary>The always-zero pseudo-register.</summary>
    public static readonly ushort Zero;

    /// <summary>The always-zero pseudo-register of stack accesses in 64-bit code.</summary>
    public static readonly ushort StackZero;

    /// <summary>The running block's RIP.</summary>
    public static readonly ushort BlockRip;

    /// <summary>EFLAGS without the arithmetic flags.</summary>
    public static readonly ushort SystemFlags;

    /// <summary>The current privilege level, 32 bits.</summary>
    public static readonly ushort Cpl;

    /// <summary>IA32_KERNEL_GS_BASE.</summary>
    public static readonly ushort KernelGsBase;

    /// <summary>RAX; the others follow at 8-byte steps.</summary>
    public static readonly ushort Gpr;

    /// <summary>XMM0; the others follow at 32-byte steps.</summary>
    public static readonly ushort Vector;

    /// <summary>MM0 = significand of physical x87 register 0; the others follow at 16-byte steps.</summary>
    public static readonly ushort X87;

    /// <summary>ES; CS, SS, DS, FS, GS follow, each <see cref="SegmentRegister"/> in size.</summary>
    public static readonly ushort Es;

    /// <summary>Offset of the selector in a <see cref="SegmentRegister"/>.</summary>
    public static readonly ushort Selector;

    /// <summary>Offset of <see cref="SegmentRegister.ReadEnd"/> in a segment register.</summary>
    public static readonly ushort ReadEndInSegment;

    /// <summary>Offset of <see cref="SegmentRegister.WriteEnd"/> in a segment register.</summary>
    public static readonly ushort WriteEndInSegment;

    /// <summary>A 64-, 32- or 16-bit general register, or a low byte register.</summary>
    /// <param name="number">0 to 15.</param>
    public static ushort GprAt(int number) => (ushort)(Gpr + (number * 8));

    /// <summary>An 8-bit register as ModRM encodes it: without a REX prefix 4–7 are AH, CH, DH, BH.</summary>
    public static ushort Gpr8At(int number, bool hasRex) => !hasRex && number is >= 4 and < 8
        ? (ushort)(Gpr + ((number - 4) * 8) + 1)
        : GprAt(number);

    /// <summary>A vector register.</summary>
    public static ushort VectorAt(int number) => (ushort)(Vector + (number * 32));

    /// <summary>An MMX register.</summary>
    public static ushort MmxAt(int number) => (ushort)(X87 + ((number & 7) * 16));

    /// <summary>A segment register in encoding order ES, CS, SS, DS, FS, GS.</summary>
    public static ushort SegmentAt(int number) => (ushort)(Es + (number * sizeof(SegmentRegister)));

    static StateOffset()
    {
        // SAFETY: addresses within a local structure are subtracted; nothing is read.
        X86State state;
        byte* start = (byte*)&state;
        Zero = (ushort)((byte*)&state.Zero - start);
        StackZero = (ushort)((byte*)&state.StackZero - start);
        BlockRip = (ushort)((byte*)&state.BlockRip - start);
        Cpl = (ushort)((byte*)&state.Cpl - start);
        KernelGsBase = (ushort)((byte*)&state.KernelGsBase - start);
        SystemFlags = (ushort)((byte*)&state.SystemFlags - start);
        Es = (ushort)((byte*)&state.Es - start);
        Selector = (ushort)((byte*)&state.Es.Selector - (byte*)&state.Es);
        ReadEndInSegment = (ushort)((byte*)&state.Es.ReadEnd - (byte*)&state.Es);
        WriteEndInSegment = (ushort)((byte*)&state.Es.WriteEnd - (byte*)&state.Es);
        Gpr = (ushort)((byte*)state.Gpr - start);
        Vector = (ushort)((byte*)state.Vector - start);
        X87 = (ushort)((byte*)state.X87 - start);
    }
}
