namespace Sosia.Jit;

/// <summary>One intermediate instruction; its index in the block names the value that it defines.</summary>
public struct IrInstruction
{
    /// <summary>What it does.</summary>
    public IrOp Op;

    /// <summary>Width in bits: 8, 16, 32 or 64; of vectors in memory 128 or 256.</summary>
    public ushort Width;

    /// <summary>A condition's number, or a bit position.</summary>
    public byte Auxiliary;

    /// <summary>How many low bits of the value can be other than 0, 1 to 64.</summary>
    public byte SignificantBits;

    /// <summary>First operand's value, −1 when absent.</summary>
    public int A;

    /// <summary>Second operand's value, −1 when absent.</summary>
    public int B;

    /// <summary>Third operand's value, −1 when absent.</summary>
    public int C;

    /// <summary>For instructions that can leave the block: which of <see cref="IrBlock.Exits"/> describes it; −1 otherwise.</summary>
    public int Exit;

    /// <summary>A constant, slot number, offset or displacement.</summary>
    public ulong Immediate;
}
