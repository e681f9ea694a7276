using System.Collections.Generic;

namespace Sosia.Jit.X64.Lowering;

/// <content>
/// x87 instructions: the host's unit executes them as the guest wrote them, on the guest's own register stack, which it holds from the first such instruction until
/// host code is left.
/// </content>
public sealed unsafe partial class BlockLowering
{
    private const byte ControlEscape = 0xd9;
    private const int LoadControlDigit = 5;

    private readonly List<(Label Stub, Label Back, Label Exit)> _x87Stubs = [];

    private X87Layout X87 => _layout.X87!;

    private void EmitRequireX87(int i)
    {
        Label exit = ExitLabel(i);
        Label stub = _a.NewLabel();
        Label back = _a.NewLabel();
        _a.Alu(AluOperation.Cmp, 32, State(_layout.SaveArea + GuestLayout.X87Offset), Thunks.X87InHost);
        _a.Jcc(Condition.NotZero, stub);
        _a.Bind(back);
        _x87Stubs.Add((stub, back, exit));
        ForgetFlags();
    }

    private void EmitX87Stubs()
    {
        foreach ((Label stub, Label back, Label exit) in _x87Stubs)
        {
            _a.Bind(stub);
            _a.Call(_thunks.LoadX87);
            _a.Jcc(Condition.NotZero, exit);
            _a.Jmp(back);
        }
    }

    private void EmitX87(int i, ref IrInstruction n)
    {
        byte escape = (byte)(n.Immediate >> 8);
        byte modRm = (byte)n.Immediate;
        switch ((IrX87Kind)n.Auxiliary)
        {
            case IrX87Kind.Memory:
                _a.X87(escape, modRm >> 3 & 7, new Mem(Register(n.A)));
                break;
            case IrX87Kind.Control:
                // What was looked at is what is loaded, whatever other processors write in the meantime.
                Mem scratch = State(_layout.SaveArea + GuestLayout.ExitOffset);
                _a.Mov(32, scratch, Register(n.A));
                _a.X87(ControlEscape, LoadControlDigit, scratch);
                break;
            case IrX87Kind.Condition:
                Gpr condition = Register(n.A);
                _a.Test(64, condition, condition);
                ForgetFlags();
                _a.X87(escape, modRm);
                break;
            case IrX87Kind.Flags:
                _a.X87(escape, modRm);
                PlaceFlags(i);
                break;
            case IrX87Kind.Status:
                TakeThis(Gpr.Rax);
                _a.X87(escape, modRm);
                _a.Movzx(32, Gpr.Rax, 16, Gpr.Rax);
                Place(i, Gpr.Rax);
                break;
            default:
                _a.X87(escape, modRm);
                break;
        }
    }

    private void EmitX87Instruction(ref IrInstruction n)
    {
        Gpr scratch = Take();
        _a.Mov(64, scratch, State(_layout.BlockRip));
        _a.Lea(n.Width, scratch, new Mem(scratch, (int)(n.Immediate & 0xffff)));
        _a.Mov(64, State(X87.InstructionPointer), scratch);
        CopySelector(X87.InstructionSelector, X87.CodeSelector, scratch);
        _a.Mov(16, State(X87.Opcode), (int)(n.Immediate >> 16));
    }

    private void EmitX87Operand(ref IrInstruction n)
    {
        StoreValue(X87.OperandPointer, n.A);
        CopySelector(X87.OperandSelector, (int)n.Immediate, Take());
    }

    private void CopySelector(int to, int from, Gpr scratch)
    {
        _a.Movzx(32, scratch, 16, State(from));
        _a.Mov(16, State(to), scratch);
    }
}
