using System.Collections.Generic;
using Sosia.Isa.X86.Decode;

namespace Sosia.Theory.Host;

/// <summary>One instruction with the registers and the memory that it is executed on, the same on silicon and on the interpreter.</summary>
public sealed class Snippet
{
    /// <summary>The table's row; null for code that a test wrote by hand.</summary>
    public InstructionRow? Row { get; init; }

    /// <summary>The instruction in Intel syntax.</summary>
    public required string Text { get; init; }

    /// <summary>Its bytes; at most 256.</summary>
    public required byte[] Code { get; init; }

    /// <summary>64, or 32 for compatibility code.</summary>
    public required int CodeBits { get; init; }

    /// <summary>The registers it starts with; selectors and RIP are those of <see cref="CodeBits"/>.</summary>
    public required CellRegisters Registers { get; init; }

    /// <summary>What its data area holds, the stack included; at most <see cref="CellLayout.DataByteCount"/> bytes.</summary>
    public required byte[] Data { get; init; }

    /// <summary>System calls that the cell makes before it confines itself: number and arguments. A failure is reported, no obstacle.</summary>
    public IReadOnlyList<CellCall> Requests { get; init; } = [];

    /// <summary>The address after the instruction.</summary>
    public ulong End => CellLayout.Code + (ulong)Code.Length;
}
