namespace Sosia.Jit.X64.Lowering;

/// <content>Vector instructions: the host executes the guest's own instruction on two host registers, which are filled from the state and stored back.</content>
public sealed unsafe partial class BlockLowering
{
    private const Xmm RegOperand = Xmm.Xmm0;
    private const Xmm RmOperand = Xmm.Xmm1;

    private void EmitVector(int i, ref IrInstruction n)
    {
        IrVector v = _ir.Vectors[(int)n.Immediate];
        if (v.WritesRm)
        {
            EmitVectorMove(i, v, n.A);
            return;
        }

        Gpr operand = v.Rm == IrVectorPlace.Vector ? Gpr.Rsp : Register(n.A);
        int reg = (int)RegOperand;
        Gpr result = Gpr.Rax;
        if (v.Reg == IrVectorPlace.General)
        {
            result = Destination(i);
            reg = (int)result;
        }
        else
        {
            _a.MovVector(VectorMoveOperation.Movups, RegOperand, State(v.RegOffset));
        }

        switch (v.Rm)
        {
            case IrVectorPlace.Vector:
                _a.MovVector(VectorMoveOperation.Movups, RmOperand, State(v.RmOffset));
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, reg, (int)RmOperand, v.Immediate, v.IsWide);
                break;
            case IrVectorPlace.General:
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, reg, (int)operand, v.Immediate, v.IsWide);
                break;
            default:
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, reg, new Mem(operand), v.Immediate, v.IsWide);
                break;
        }

        switch (v.Reg)
        {
            case IrVectorPlace.General:
                Place(i, result);
                break;
            case IrVectorPlace.Flags:
                TakeThis(Gpr.Rax);
                _a.Lahf();
                _a.Shift(ShiftOperation.Shr, 32, Gpr.Rax, 8);
                _a.Movzx(32, Gpr.Rax, 8, Gpr.Rax);
                ForgetFlags();
                Place(i, Gpr.Rax);
                break;
            default:
                _a.MovVector(VectorMoveOperation.Movups, State(v.RegOffset), RegOperand);
                break;
        }
    }

    private void EmitVectorMove(int i, in IrVector v, int value)
    {
        _a.MovVector(VectorMoveOperation.Movups, RegOperand, State(v.RegOffset));
        switch (v.Rm)
        {
            case IrVectorPlace.Vector:
                _a.MovVector(VectorMoveOperation.Movups, RmOperand, State(v.RmOffset));
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, (int)RegOperand, (int)RmOperand, v.Immediate, v.IsWide);
                _a.MovVector(VectorMoveOperation.Movups, State(v.RmOffset), RmOperand);
                break;
            case IrVectorPlace.General:
                Gpr result = Destination(i);
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, (int)RegOperand, (int)result, v.Immediate, v.IsWide);
                Place(i, result);
                break;
            default:
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, (int)RegOperand, new Mem(Register(value)), v.Immediate, v.IsWide);
                break;
        }
    }

    private static VectorPrefix PrefixOf(in IrVector v) => v.Prefix switch
    {
        0x66 => VectorPrefix.P66,
        0xf3 => VectorPrefix.PF3,
        0xf2 => VectorPrefix.PF2,
        _ => VectorPrefix.None,
    };

    private static OpcodeMap MapOf(in IrVector v) => v.Map switch { 1 => OpcodeMap.Map0F, 2 => OpcodeMap.Map0F38, _ => OpcodeMap.Map0F3A };
}
