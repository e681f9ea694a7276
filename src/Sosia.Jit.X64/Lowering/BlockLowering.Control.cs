using System;

namespace Sosia.Jit.X64.Lowering;

/// <content>The ways out of a block, and calls.</content>
public sealed unsafe partial class BlockLowering
{
    private void EmitControl(int i, ref IrInstruction n, int byteCount)
    {
        switch (n.Op)
        {
            case IrOp.RequireCanonical:
                Gpr address = Register(n.A);
                Gpr extended = Take();
                _a.Mov(64, extended, address);
                _a.Shift(ShiftOperation.Shl, 64, extended, 16);
                _a.Shift(ShiftOperation.Sar, 64, extended, 16);
                _a.Alu(AluOperation.Cmp, 64, extended, address);
                ForgetFlags();
                _a.Jcc(Condition.NotZero, ExitLabel(i));
                break;
            case IrOp.ExitIf:
                Condition fault = EmitCondition(n.A);
                _a.Jcc(fault, ExitLabel(i));
                break;
            case IrOp.RequireAligned:
                _a.Test(32, Register(n.A), (n.Width / 8) - 1);
                ForgetFlags();
                _a.Jcc(Condition.NotZero, ExitLabel(i));
                break;
            case IrOp.RequireVector:
                EmitRequireVector(i, n.Immediate != 0);
                break;
            case IrOp.RequireX87:
                EmitRequireX87(i);
                break;
            case IrOp.CallOperation:
                EmitCall(ref n);
                break;
            case IrOp.Jump:
                StoreEndFlags();
                if ((IrJumpKind)n.Auxiliary == IrJumpKind.Call)
                {
                    EmitCallStack(byteCount);
                }

                EmitEdge((int)n.Immediate, isTaken: (int)n.Immediate != byteCount, rounds: 1);
                break;
            case IrOp.Branch:
                StoreEndFlags();
                Condition condition = EmitCondition(n.A);
                Label taken = _a.NewLabel();
                _a.Jcc(condition, taken);
                EmitEdge(byteCount, isTaken: false, _ir.Copies);
                _a.Bind(taken);
                EmitEdge((int)n.Immediate, isTaken: true, _ir.Copies);
                break;
            case IrOp.LoopExit:
                EmitLoopExit(ref n);
                break;
            case IrOp.JumpIndirect:
                StoreEndFlags();
                EmitJumpTo((IrJumpKind)n.Auxiliary, n.A, byteCount);
                break;
            case IrOp.End:
                // The handler before this has left, or else the interpreter goes on behind it.
                _a.MovImmediate(Gpr.Rax, OperationAddress(_instructionCount));
                _a.Jmp(_thunks.Exit);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(n), n.Op, "an operation without code");
        }
    }

    private long OperationAddress(int number) => _operations + ((long)number * _layout.OperationByteCount);

    private void EmitCall(ref IrInstruction n)
    {
        IrExit exit = _ir.Exits[n.Exit];
        StoreFlags(exit.FlagResult, exit.FlagCarries);
        // Nothing of the host's own is in the temporaries any more.
        Label resume = _a.NewLabel();
        if (n.A >= 0)
        {
            Gpr counter = Register(n.A);
            _a.Test(64, counter, counter);
            _a.Jcc(Condition.Zero, resume);
        }

        _a.MovImmediate(Gpr.Rax, OperationAddress((int)n.Immediate) | Thunks.CallBit | ((n.Auxiliary - 1L) << Thunks.CallCountShift));
        _a.Lea(Gpr.Rcx, resume);
        _a.Jmp(_thunks.CallOperation);
        _a.Bind(resume);
        // No value lives across: the builder reads every register anew.
        for (int register = 0; register < 16; register++)
        {
            if (_held[register] >= 0)
            {
                _location[_held[register]] = Nowhere;
                _held[register] = -1;
            }
        }

        _spillsUsed = 0;
        ForgetFlags();
    }

    // The host's flags are those of the comparison, which the guest's are too: they are stored on the way out only.
    private void EmitLoopExit(ref IrInstruction n)
    {
        ref IrInstruction made = ref _ir[n.A];
        EmitComparison(made.A, made.Op == IrOp.Test ? -1 : made.B, made.Width, Condition.Overflow);
        Label leave = _a.NewLabel();
        _a.Jcc((Condition)(made.Auxiliary ^ 1), leave);
        _pendingLeaves.Add((leave, n.Auxiliary));
    }

    // A direct branch: the books are kept, then comes a jump that can be linked to the target's code.
    private void EmitEdge(int displacement, bool isTaken, int rounds)
    {
        _a.Alu(AluOperation.Add, 64, State(_layout.Retired), _instructionCount * rounds);
        if (displacement != 0)
        {
            _a.Alu(AluOperation.Add, _ir.PointerBits, State(_layout.BlockRip), displacement);
        }

        Label unlinked = _a.NewLabel();
        int field = _a.JmpPatchable(unlinked);
        _pendingEdges.Add((unlinked, field, isTaken, displacement));
    }

    // Leaves with the block done and RIP set; the dispatcher sees by the last operation where the guest came from.
    private void LeaveBehind()
    {
        _a.MovImmediate(Gpr.Rax, OperationAddress(_ir.LastOperation));
        _a.Mov(64, State(_layout.CurrentOperation), Gpr.Rax);
        _a.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rax);
        _a.Jmp(_thunks.Exit);
    }
}
