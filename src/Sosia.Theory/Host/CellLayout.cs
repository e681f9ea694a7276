using Sosia.Host.Linux.Probing;

namespace Sosia.Theory.Host;

/// <summary>
/// The address space of the cell – the confined process that a snippet runs in – as far as it is ours. All of it lies below 4 GiB, so that 32-bit code reaches it, and
/// the interpreter has RAM at the same addresses, so that a snippet's bytes and registers mean the same on both.
/// </summary>
internal static class CellLayout
{
    /// <summary>Where the cell's own program is mapped.</summary>
    public const uint Program = 0x0f00_0000;

    /// <summary>Where its first instruction is.</summary>
    public const uint ProgramCode = Program + StaticElf.CodeOffset;

    /// <summary>Where the memory that is shared with us is mapped.</summary>
    public const uint Shared = 0x1000_0000;

    /// <summary>Its size.</summary>
    public const int SharedByteCount = CodeOffset + CodeByteCount + DataByteCount;

    /// <summary>The report of the signal handler: see the fields below.</summary>
    public const int ReportOffset = 0;

    /// <summary>The registers that the snippet starts with, in the order in which they are taken from a stack.</summary>
    public const int EntryOffset = 0x100;

    /// <summary>The system calls that the program makes before it confines itself, <see cref="CallByteCount"/> bytes each.</summary>
    public const int CallsOffset = 0x400;

    /// <summary>Structures that those system calls name.</summary>
    public const int StructuresOffset = 0xc00;

    /// <summary>Number, six arguments, result, and 1 where the cell must not go on when it fails.</summary>
    public const int CallByteCount = 9 * 8;

    /// <summary>How many calls there is room for.</summary>
    public const int MaxCalls = (StructuresOffset - CallsOffset) / CallByteCount;

    /// <summary>The signal handler's stack; the kernel writes a frame with all registers to its upper end.</summary>
    public const int SignalStackOffset = 0x1000;

    /// <summary>Room for the largest frame (AMX tiles take 8 KiB) several times.</summary>
    public const int SignalStackByteCount = 0x1_0000;

    /// <summary>The snippet's code page: readable and executable. Bytes that the snippet does not use trap.</summary>
    public const int CodeOffset = SignalStackOffset + SignalStackByteCount;

    /// <summary>Its size.</summary>
    public const int CodeByteCount = 0x1000;

    /// <summary>The snippet's data, its stack included.</summary>
    public const int DataOffset = CodeOffset + CodeByteCount;

    /// <summary>Its size.</summary>
    public const int DataByteCount = 0x2000;

    /// <summary>Where the snippet begins.</summary>
    public const uint Code = Shared + CodeOffset + 0x100;

    /// <summary>Where a snippet's transfers of control lead.</summary>
    public const uint Landing = Shared + CodeOffset + 0x800;

    /// <summary>The first byte of the data.</summary>
    public const uint Data = Shared + DataOffset;

    /// <summary>Memory operands.</summary>
    public const uint Operand = Data + 0x200;

    /// <summary>The stack pointer at the start.</summary>
    public const uint Stack = Data + 0x1800;

    // Fields of the report, eight bytes each.
    public const int SignalField = 0x00;
    public const int InformationField = 0x08;
    public const int ContextField = 0x10;
    public const int DataSegmentsField = 0x18;
    public const int EnteredField = 0x38;
    public const int CallsDoneField = 0x40;
    public const int CallCountField = 0x48;

    /// <summary>What memory that the snippet does not use is filled with: INT3, of one byte, so that wherever code goes astray it traps at once.</summary>
    public const byte Fill = 0xcc;
}
