namespace Sosia.Jit;

/// <summary>A vector instruction that the host executes as the guest wrote it, with operands of our choice.</summary>
/// <param name="Prefix">0 for none, else the mandatory prefix byte: 66h, F3h or F2h.</param>
/// <param name="Map">1 for 0F, 2 for 0F 38, 3 for 0F 3A.</param>
/// <param name="Opcode">The opcode byte.</param>
/// <param name="IsWide">REX.W.</param>
/// <param name="Immediate">The immediate byte; −1 without one.</param>
/// <param name="Reg">Where the operand in ModRM.reg comes from and goes to.</param>
/// <param name="RegOffset">Its offset in the state when it is a vector register.</param>
/// <param name="Rm">Where the operand in ModRM.rm is.</param>
/// <param name="RmOffset">Its offset in the state when it is a vector register.</param>
/// <param name="WritesRm">True for moves to ModRM.rm; then ModRM.reg is only read.</param>
public readonly record struct IrVector(
    byte Prefix, byte Map, byte Opcode, bool IsWide, int Immediate, IrVectorPlace Reg, int RegOffset, IrVectorPlace Rm, int RmOffset, bool WritesRm)
{
    /// <summary>With a VEX prefix the length that it says, 128 or 256; 0 without one. A vector register that a VEX instruction writes is written whole, 256 bits.</summary>
    public int Length { get; init; }

    /// <summary>With a VEX prefix: the register in ModRM.reg is read before it is written.</summary>
    public bool ReadsReg { get; init; }

    /// <summary>The offset in the state of the vector register in VEX.vvvv; −1 without one.</summary>
    public int ThirdOffset { get; init; } = -1;

    /// <summary>The register in VEX.vvvv is the destination.</summary>
    public bool WritesThird { get; init; }

    /// <summary>The offset in the state of the vector register in the immediate's bits 7–4; −1 without one.</summary>
    public int FourthOffset { get; init; } = -1;
}
