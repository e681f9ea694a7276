using System;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Generation;

/// <summary>One random instruction of a table row and the register values that lead its memory operand into the scratch area.</summary>
public sealed class GeneratedInstruction
{
    /// <summary>The row it was made for.</summary>
    public required InstructionRow Row { get; init; }

    /// <summary>64 or 32.</summary>
    public required int CodeBits { get; init; }

    /// <summary>Its bytes.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>As the decoder under test sees it.</summary>
    public required DecodedInstruction Decoded { get; init; }

    /// <summary>The linear address of the memory operand; 0 when it has none.</summary>
    public required uint Target { get; init; }

    /// <summary>The base register of the memory operand, −1 for none, and the value it must have.</summary>
    public required (int Register, ulong Value) Base { get; init; }

    /// <summary>The index register of the memory operand, −1 for none, and the value it must have.</summary>
    public required (int Register, ulong Value) Index { get; init; }

    /// <summary>Row, bytes and width of code, for reports.</summary>
    public override string ToString() => $"[{Row}] {Convert.ToHexString(Bytes)} ({CodeBits}-bit)";
}
