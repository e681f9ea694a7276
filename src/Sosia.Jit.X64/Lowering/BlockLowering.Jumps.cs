namespace Sosia.Jit.X64.Lowering;

/// <content>
/// Jumps that lead to another page or to an address known only when they run. Hosts predict a direct jump and a RET well and an indirect jump badly (not at all under
/// IBRS): so a guest's call is a host's call that keeps the expected return address beside it, a return that finds that address is a host's return,
/// and any other jump first looks whether it leads where it led before.
/// </content>
public sealed unsafe partial class BlockLowering
{
    // Holds the target of the block's checked jump at its exit.
    private Gpr _linkTarget;

    private void EmitJumpTo(IrJumpKind kind, int target, int byteCount)
    {
        if (kind is IrJumpKind.Call or IrJumpKind.FarCall)
        {
            EmitCallStack(byteCount);
        }

        Gpr address = Register(target);
        if (kind == IrJumpKind.Return)
        {
            EmitReturn(address);
        }
        else
        {
            EmitCheckedJump(address, isFixed: kind is IrJumpKind.Far or IrJumpKind.FarCall);
        }
    }

    // Puts the return address on the host's stack, and below it the host's address of code that goes on there.
    private void EmitCallStack(int byteCount)
    {
        Gpr expected = Take();
        Label room = _a.NewLabel();
        _a.Mov(64, expected, State(_layout.BlockRip));
        _a.Alu(AluOperation.Add, 64, expected, byteCount);
        _a.Alu(AluOperation.Cmp, 64, Gpr.Rsp, State(_layout.SaveArea + GuestLayout.StackLimitOffset));
        ForgetFlags();
        _a.Jcc(Condition.AboveOrEqual, room);
        // Too deep: the older calls are forgotten, their returns go the long way.
        _a.Mov(64, Gpr.Rsp, State(_layout.SaveArea + GuestLayout.StackOffset));
        _a.Bind(room);
        _a.Push(expected);
        Label behind = _a.NewLabel();
        _a.Call(behind);

        // A return comes here, with the books kept.
        _a.Alu(AluOperation.Add, 64, Gpr.Rsp, 8);
        Label exit = _a.NewLabel();
        int field = _a.JmpPatchable(exit);
        _pendingLinks.Add(new PendingLink(exit, field, default, SideExitKind.Return));
        _a.Bind(behind);
        _locked = 0;
    }

    private void EmitReturn(Gpr address)
    {
        Label other = _a.NewLabel();
        Label isEmpty = _a.NewLabel();
        _a.Alu(AluOperation.Cmp, 64, address, new Mem(Gpr.Rsp, 8));
        _a.Jcc(Condition.NotZero, other);
        KeepBooks(address);
        _a.Ret();

        // The guest returns to somewhere else: what was expected is dropped. An empty stack holds an address that no guest can return to.
        _a.Bind(other);
        _a.Alu(AluOperation.Cmp, 64, Gpr.Rsp, State(_layout.SaveArea + GuestLayout.StackOffset));
        _a.Jcc(Condition.Zero, isEmpty);
        _a.Alu(AluOperation.Add, 64, Gpr.Rsp, 16);
        _a.Bind(isEmpty);
        EmitByJumpCache(address);
    }

    private void EmitCheckedJump(Gpr address, bool isFixed)
    {
        Gpr generation = Take();
        Label site = _a.NewLabel();
        Label exit = _a.NewLabel();
        Label otherTarget = _a.NewLabel();
        Gpr place = Take();
        _a.Lea(place, site);
        _a.Alu(AluOperation.Cmp, 64, address, new Mem(place, 0));
        _a.Jcc(Condition.NotZero, isFixed ? exit : otherTarget);
        _a.Mov(64, generation, State(_layout.JumpCacheGeneration));
        _a.Alu(AluOperation.Cmp, 64, generation, new Mem(place, 8));
        _a.Jcc(Condition.NotZero, exit);
        KeepBooks(address);
        int field = _a.JmpPatchable(_thunks.OverBudget);
        _pendingLinks.Add(new PendingLink(exit, field, site, SideExitKind.Jump));
        if (!isFixed)
        {
            // Linked once to where it led first; other targets are found by the jump cache.
            _a.Bind(otherTarget);
            _a.Alu(AluOperation.Cmp, 64, new Mem(place, 8), 0);
            _a.Jcc(Condition.Zero, exit);
            EmitByJumpCache(address);
        }

        _linkTarget = address;
    }

    private void KeepBooks(Gpr target)
    {
        _a.Alu(AluOperation.Add, 64, State(_layout.Retired), _instructionCount);
        _a.Mov(64, State(_layout.BlockRip), target);
    }

    // By the jump cache; when it does not know the target's code, the dispatcher finds it.
    private void EmitByJumpCache(Gpr target)
    {
        _locked = 1u << (int)target;
        Gpr entry = Take();
        Label miss = _a.NewLabel();
        _a.Mov(64, entry, target);
        _a.Shift(ShiftOperation.Shr, 64, entry, 13);
        _a.Alu(AluOperation.Xor, 64, entry, target);
        _a.Alu(AluOperation.And, 32, entry, _layout.JumpCacheCount - 1);
        _a.Shift(ShiftOperation.Shl, 32, entry, 5);
        _a.Alu(AluOperation.Add, 64, entry, State(_layout.JumpCache));
        _a.Alu(AluOperation.Cmp, 64, target, new Mem(entry, 0));
        _a.Jcc(Condition.NotZero, miss);
        Gpr other = Take();
        _a.Mov(64, other, State(_layout.JumpCacheGeneration));
        _a.Alu(AluOperation.Cmp, 64, other, new Mem(entry, 8));
        _a.Jcc(Condition.NotZero, miss);
        _a.Mov(64, entry, new Mem(entry, 24));
        _a.Test(64, entry, entry);
        _a.Jcc(Condition.Zero, miss);
        KeepBooks(target);
        _a.Jmp(entry);
        _a.Bind(miss);
        _a.Mov(64, State(_layout.Rip), target);
        LeaveBehind();
    }

    // The exits that have a jump linked, behind those of the instructions.
    private void EmitLinkExits(int firstExit)
    {
        for (int i = 0; i < _pendingLinks.Count; i++)
        {
            PendingLink link = _pendingLinks[i];
            int number = _ir.Exits.Count + i;
            long unlinked = _a.ExecuteAddress(_a.Position);
            _a.Bind(link.Exit);
            if (link.Kind == SideExitKind.Jump)
            {
                // Once linked, the jump leads to code: when that goes, the dispatcher takes over in front of it.
                unlinked = _thunks.OverBudget;
                _a.Mov(64, State(_layout.Rip), _linkTarget);
            }

            _a.Mov(32, State(_layout.SaveArea + GuestLayout.ExitOffset), ((firstExit + number) << Thunks.SideExitShift) | Thunks.SideExitBit);
            _a.Jmp(_thunks.SideExit);
            _exits[number] = new SideExit(_ir.LastOperation, -1, -1, [], default, link.Kind, new Edge(_a.ExecuteAddress(link.Field), unlinked, IsTaken: false));
        }
    }

    // What checked jumps compare with stands behind the code, where writing it does not disturb what runs.
    private void EmitSites()
    {
        for (int i = 0; i < _pendingLinks.Count; i++)
        {
            PendingLink link = _pendingLinks[i];
            if (link.Kind == SideExitKind.Jump)
            {
                _a.Align(64);
                _a.Bind(link.Site);
                int number = _ir.Exits.Count + i;
                _exits[number] = _exits[number]! with { Edge = _exits[number]!.Edge with { Site = _a.ExecuteAddress(_a.Position) } };
                // No guest can jump to this address, and no generation is 0.
                _a.EmitInt64(long.MinValue);
                _a.EmitInt64(0);
            }
        }
    }
}
