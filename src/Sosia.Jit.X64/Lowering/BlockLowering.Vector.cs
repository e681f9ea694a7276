namespace Sosia.Jit.X64.Lowering;

/// <content>Vector instructions: the host executes the guest's own instruction on two host registers, which are filled from the state and stored back.</content>
public sealed unsafe partial class BlockLowering
{
    private const Xmm RegOperand = Xmm.Xmm0;
    private const Xmm RmOperand = Xmm.Xmm1;
    private const Xmm ThirdOperand = Xmm.Xmm2;
    private const Xmm FourthOperand = Xmm.Xmm3;
    private const byte MovupsLoad = 0x10;
    private const byte MovupsStore = 0x11;
    private const byte Xorps = 0x57;

    private void EmitVector(int i, ref IrInstruction n)
    {
        IrVector v = _ir.Vectors[(int)n.Immediate];
        if (v.Length != 0)
        {
            EmitVex(i, v, n.A);
            return;
        }

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
                PlaceFlags(i);
                break;
            default:
                _a.MovVector(VectorMoveOperation.Movups, State(v.RegOffset), RegOperand);
                break;
        }
    }

    // All host code with VEX.256 ends with VZEROUPPER: SSE instructions, the guest's and the host's own, are slow while upper halves are in use.
    private void EmitVex(int i, in IrVector v, int value)
    {
        Gpr operand = v.Rm == IrVectorPlace.Vector || value < 0 ? Gpr.Rsp : Register(value);
        int reg = v.Reg == IrVectorPlace.Digit ? v.RegOffset : (int)RegOperand;
        Gpr result = Gpr.Rsp;
        if (v.Reg == IrVectorPlace.General)
        {
            result = Destination(i);
            reg = (int)result;
        }
        else if (v.WritesRm && v.Rm == IrVectorPlace.General)
        {
            result = Destination(i);
            operand = result;
        }

        if (v.Reg is IrVectorPlace.Vector or IrVectorPlace.Flags && v.ReadsReg)
        {
            LoadVex(v.Length, RegOperand, v.RegOffset);
        }

        if (v.ThirdOffset >= 0 && !v.WritesThird)
        {
            LoadVex(v.Length, ThirdOperand, v.ThirdOffset);
        }

        int immediate = v.Immediate;
        if (v.FourthOffset >= 0)
        {
            LoadVex(v.Length, FourthOperand, v.FourthOffset);
            immediate = (int)FourthOperand << 4;
        }

        int third = v.ThirdOffset >= 0 ? (int)ThirdOperand : 0;
        switch (v.Rm)
        {
            case IrVectorPlace.Vector:
                if (!v.WritesRm)
                {
                    LoadVex(v.Length, RmOperand, v.RmOffset);
                }

                _a.VexRaw(PrefixOf(v), MapOf(v), v.Opcode, v.Length, reg, third, (int)RmOperand, immediate, v.IsWide);
                break;
            case IrVectorPlace.General:
                _a.VexRaw(PrefixOf(v), MapOf(v), v.Opcode, v.Length, reg, third, (int)operand, immediate, v.IsWide);
                break;
            default:
                _a.VexRaw(PrefixOf(v), MapOf(v), v.Opcode, v.Length, reg, third, new Mem(operand), immediate, v.IsWide);
                break;
        }

        if (v.WritesThird)
        {
            StoreVex(v.ThirdOffset, ThirdOperand);
        }
        else if (v.WritesRm && v.Rm == IrVectorPlace.Vector)
        {
            StoreVex(v.RmOffset, RmOperand);
        }
        else if (!v.WritesRm && v.Reg == IrVectorPlace.Vector)
        {
            StoreVex(v.RegOffset, RegOperand);
        }

        if (v.Length == 256)
        {
            _a.Vzeroupper();
        }

        if (v.Reg == IrVectorPlace.Flags)
        {
            PlaceFlags(i);
        }
        else if (result != Gpr.Rsp)
        {
            Place(i, result);
        }
    }

    private void LoadVex(int length, Xmm register, int offset)
        => _a.Vex(VectorPrefix.None, OpcodeMap.Map0F, MovupsLoad, length, register, Xmm.Xmm0, State(offset));

    // The host's instruction has cleared the upper half where the guest's does.
    private void StoreVex(int offset, Xmm register)
        => _a.Vex(VectorPrefix.None, OpcodeMap.Map0F, MovupsStore, 256, register, Xmm.Xmm0, State(offset));

    private void EmitClearUpperHalves(int offset, int count)
    {
        _a.Sse(VectorPrefix.None, OpcodeMap.Map0F, Xorps, RegOperand, RegOperand);
        for (int register = 0; register < count; register++)
        {
            _a.MovVector(VectorMoveOperation.Movups, State(offset + (32 * register) + 16), RegOperand);
        }
    }

    private void EmitRequireVector(int i, bool upper)
    {
        Label exit = ExitLabel(i);
        (int offset, int mask) = upper ? _layout.UpperRefused : _layout.VectorRefused;
        _a.Test(32, State(offset), mask);
        _a.Jcc(Condition.NotZero, exit);
        foreach ((int enabledOffset, int enabledMask) in upper ? _layout.UpperEnabled : [_layout.VectorEnabled])
        {
            _a.Test(32, State(enabledOffset), enabledMask);
            _a.Jcc(Condition.Zero, exit);
        }

        ForgetFlags();
    }

    private void PlaceFlags(int i)
    {
        TakeThis(Gpr.Rax);
        _a.Lahf();
        _a.Shift(ShiftOperation.Shr, 32, Gpr.Rax, 8);
        _a.Movzx(32, Gpr.Rax, 8, Gpr.Rax);
        ForgetFlags();
        Place(i, Gpr.Rax);
    }

    private void EmitVectorMove(int i, in IrVector v, int value)
    {
        int reg = v.Reg == IrVectorPlace.Digit ? v.RegOffset : (int)RegOperand;
        if (v.Reg != IrVectorPlace.Digit)
        {
            _a.MovVector(VectorMoveOperation.Movups, RegOperand, State(v.RegOffset));
        }

        switch (v.Rm)
        {
            case IrVectorPlace.Vector:
                _a.MovVector(VectorMoveOperation.Movups, RmOperand, State(v.RmOffset));
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, reg, (int)RmOperand, v.Immediate, v.IsWide);
                _a.MovVector(VectorMoveOperation.Movups, State(v.RmOffset), RmOperand);
                break;
            case IrVectorPlace.General:
                Gpr result = Destination(i);
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, reg, (int)result, v.Immediate, v.IsWide);
                Place(i, result);
                break;
            default:
                _a.SseRaw(PrefixOf(v), MapOf(v), v.Opcode, reg, new Mem(Register(value)), v.Immediate, v.IsWide);
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
