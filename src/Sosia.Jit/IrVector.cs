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
    byte Prefix, byte Map, byte Opcode, bool IsWide, int Immediate, IrVectorPlace Reg, int RegOffset, IrVectorPlace Rm, int RmOffset, bool WritesRm);
