namespace Sosia.Jit.X64.Lowering;

/// <summary>Where emitted code finds the x87 unit of a guest that has one. Offsets are in bytes from the state's start.</summary>
public sealed class X87Layout
{
    /// <summary>The area that the host's unit is saved to and restored from: this much, at an address that is a multiple of 64, zero in the beginning.</summary>
    public const int AreaByteCount = XsaveByteCount + 64;

    /// <summary>Offset in the area of the control word that the host's own code expects, which the area's owner puts there.</summary>
    public const int HostControlOffset = XsaveByteCount;

    // The legacy region and the header (SDM vol. 1, 13.4).
    private const int XsaveByteCount = 512 + 64;

    /// <summary>Host address of the area.</summary>
    public required long Area { get; init; }

    /// <summary>Offset of the physical registers, 16 bytes each: significand, then sign and exponent.</summary>
    public required int Registers { get; init; }

    /// <summary>Offset of the control word.</summary>
    public required int Control { get; init; }

    /// <summary>Offset of the status word.</summary>
    public required int Status { get; init; }

    /// <summary>Offset of the tags: a byte, whose bit i is set when physical register i is not empty.</summary>
    public required int Tags { get; init; }

    /// <summary>Offset of the last instruction's opcode, 16 bits.</summary>
    public required int Opcode { get; init; }

    /// <summary>Offset of the last instruction's address, 64 bits.</summary>
    public required int InstructionPointer { get; init; }

    /// <summary>Offset of the last instruction's selector, 16 bits.</summary>
    public required int InstructionSelector { get; init; }

    /// <summary>Offset of the last operand's address, 64 bits.</summary>
    public required int OperandPointer { get; init; }

    /// <summary>Offset of the last operand's selector, 16 bits.</summary>
    public required int OperandSelector { get; init; }

    /// <summary>Offset of the code segment's selector, 16 bits.</summary>
    public required int CodeSelector { get; init; }

    /// <summary>Where to look whether the unit may be used: offset of 32 bits, and the bits that must be clear.</summary>
    public required (int Offset, int Mask) Refused { get; init; }
}
