using System;
using System.Collections.Generic;

namespace Sosia.Jit.X64.Lowering;

/// <summary>
/// Turns an intermediate block into host code in one backward and one forward pass: the backward one finds what is needed and until when, the forward
/// one gives out registers and emits. Pure values that only exits need are not computed at all: an exit knows how to compute them from
/// what is in registers when it is taken.
/// </summary>
public sealed unsafe partial class BlockLowering
{
    private readonly Assembler _a;
    private readonly GuestLayout _layout;
    private readonly Thunks _thunks;
    private readonly List<(Label Label, int Exit)> _pendingExits = [];
    private readonly List<(Label Label, int Field, bool IsTaken, int Displacement)> _pendingEdges = [];
    private readonly List<(Label Label, int Rounds)> _pendingLeaves = [];
    private readonly List<ExitNode> _nodes = [];
    private readonly List<PendingLink> _pendingLinks = [];

    private IrBlock _ir = null!;
    private bool[] _needed = new bool[1024];
    private int[] _lastUse = new int[1024];
    private int[] _location = new int[1024];
    private int[] _stamp = new int[1024];
    private int[] _node = new int[1024];
    private SideExit?[] _exits = [];
    private int _stampNow;
    private int _instructionCount;
    private long _operations;

    /// <summary>Creates a lowering that emits by an assembler.</summary>
    public BlockLowering(Assembler assembler, GuestLayout layout, Thunks thunks)
    {
        _a = assembler;
        _layout = layout;
        _thunks = thunks;
        for (int slot = 0; slot < layout.Pinned.Length; slot++)
        {
            if (layout.Pinned[slot] is { } register)
            {
                _slotOf[(int)register] = slot;
            }
        }
    }

    /// <summary>Emits a block at the assembler's position.</summary>
    /// <param name="ir">The block.</param>
    /// <param name="instructionCount">Guest instructions in it.</param>
    /// <param name="byteCount">The displacement of the instruction behind it.</param>
    /// <param name="operations">Host address of its first pre-decoded operation.</param>
    /// <param name="firstExit">The number of the block's first side exit.</param>
    /// <returns>Null when the code did not fit the assembler's room, or the block needs more values at a time than can be kept.</returns>
    public Lowered? Lower(IrBlock ir, int instructionCount, int byteCount, long operations, int firstExit)
    {
        _ir = ir;
        _instructionCount = instructionCount;
        _operations = operations;
        Prepare();
        FindUses();

        _a.Align(16);
        int start = _a.Position;
        _a.Mov(64, Gpr.Rax, State(_layout.Retired));
        _a.Alu(AluOperation.Add, 64, Gpr.Rax, instructionCount * ir.Copies);
        _a.Alu(AluOperation.Cmp, 64, Gpr.Rax, State(_layout.RetireLimit));
        _a.Jcc(Condition.Greater, _thunks.OverBudget);
        int body = _a.Position;
        RequireFlagWords();
        for (int i = 0; i < ir.Count; i++)
        {
            if (IsRoot(ir[i].Op) || _needed[i])
            {
                _locked = 0;
                EmitInstruction(i, byteCount);
                ReleaseDead(i);
            }
        }

        foreach ((Label label, int rounds) in _pendingLeaves)
        {
            _a.Bind(label);
            StoreHostFlags();
            EmitEdge(byteCount, isTaken: false, rounds);
        }

        EmitFlagStubs();
        EmitX87Stubs();
        foreach ((Label label, int exit) in _pendingExits)
        {
            _a.Bind(label);
            _a.Mov(32, State(_layout.SaveArea + GuestLayout.ExitOffset), ((firstExit + exit) << Thunks.SideExitShift) | Thunks.SideExitBit);
            _a.Jmp(_thunks.SideExit);
        }

        EmitLinkExits(firstExit);
        var edges = new Edge[_pendingEdges.Count];
        for (int i = 0; i < edges.Length; i++)
        {
            (Label label, int field, bool isTaken, int displacement) = _pendingEdges[i];
            long unlinked = _a.ExecuteAddress(_a.Position);
            _a.Bind(label);
            // What the edge has added is taken back: the dispatcher adds it itself, and wants to know where the guest came from.
            _a.Mov(64, Gpr.Rax, State(_layout.BlockRip));
            _a.Mov(64, State(_layout.Rip), Gpr.Rax);
            _a.Alu(AluOperation.Sub, _ir.PointerBits, State(_layout.BlockRip), displacement);
            _a.Alu(AluOperation.Sub, 64, State(_layout.Retired), instructionCount);
            LeaveBehind();
            edges[i] = new Edge(_a.ExecuteAddress(field), unlinked, isTaken);
        }

        EmitSites();
        return _a.Overflowed || _isGivenUp ? null
            : new Lowered(_a.ExecuteAddress(start), _a.ExecuteAddress(body), edges, _exits, _a.Position - start);
    }

    private static Mem State(int offset) => new(Gpr.Rbp, offset - GuestLayout.StateBias);

    // Instructions with an effect beyond their value; loads count, because they can fault.
    private static bool IsRoot(IrOp op) => !IrEvaluator.IsPure(op) && op is not IrOp.ReadSlot and not IrOp.ReadState and not IrOp.EntryCondition and not IrOp.Nop;

    private void Prepare()
    {
        int count = _ir.Count;
        if (_needed.Length < count)
        {
            int length = Math.Max(count, _needed.Length * 2);
            _needed = new bool[length];
            _lastUse = new int[length];
            _location = new int[length];
            _stamp = new int[length];
            _node = new int[length];
        }

        Array.Clear(_needed, 0, count);
        Array.Fill(_lastUse, -1, 0, count);
        Array.Fill(_location, Nowhere, 0, count);
        Array.Clear(_stamp, 0, count);
        Array.Fill(_held, -1);
        _stampNow = 0;
        _spillsUsed = 0;
        _isGivenUp = false;
        _pendingExits.Clear();
        _pendingEdges.Clear();
        _pendingLeaves.Clear();
        _pendingLinks.Clear();
        _x87Stubs.Clear();
        // A block ends with at most one jump that is linked by its exit, and one place that is returned to.
        _exits = new SideExit?[_ir.Exits.Count + 2];
        ForgetFlags();
        PrepareFlags();
    }

    private void FindUses()
    {
        for (int i = _ir.Count - 1; i >= 0; i--)
        {
            ref IrInstruction instruction = ref _ir[i];
            if (!IsRoot(instruction.Op) && !_needed[i])
            {
                continue;
            }

            switch (instruction.Op)
            {
                case IrOp.Branch:
                    UseCondition(instruction.A, i);
                    UseEndFlags(i);
                    break;
                case IrOp.ExitIf or IrOp.LoopExit:
                    UseCondition(instruction.A, i);
                    break;
                case IrOp.Select:
                    UseCondition(instruction.A, i);
                    Use(instruction.B, i);
                    Use(instruction.C, i);
                    break;
                case IrOp.Jump:
                    UseEndFlags(i);
                    break;
                case IrOp.JumpIndirect:
                    Use(instruction.A, i);
                    UseEndFlags(i);
                    break;
                case IrOp.CallOperation:
                    Use(instruction.A, i);
                    // The handler finds the flags in the state.
                    Use(_ir.Exits[instruction.Exit].FlagResult, i);
                    Use(_ir.Exits[instruction.Exit].FlagCarries, i);
                    _needsFlagWords |= _ir.Exits[instruction.Exit].FlagResult < 0 != _ir.Exits[instruction.Exit].FlagCarries < 0;
                    break;
                default:
                    Use(instruction.A, i);
                    Use(instruction.B, i);
                    Use(instruction.C, i);
                    break;
            }
        }

        for (int i = 0; i < _ir.Count; i++)
        {
            int exit = _ir[i].Exit;
            if (exit >= 0 && _ir[i].Op is not IrOp.CallOperation and not IrOp.Branch)
            {
                _stampNow++;
                UseLater(_ir.Exits[exit].FlagResult, i);
                UseLater(_ir.Exits[exit].FlagCarries, i);
            }
        }
    }

    private void Use(int value, int at)
    {
        if (value >= 0)
        {
            _needed[value] = true;
            _lastUse[value] = Math.Max(_lastUse[value], at);
        }
    }

    // A comparison is done where its answer is used, so that it stays in the host's flags.
    private void UseCondition(int value, int at)
    {
        if (_ir[value].Op == IrOp.EntryCondition)
        {
            // The state's flags are looked at where the answer is used.
            return;
        }

        if (_ir[value].Op is IrOp.Compare or IrOp.Test)
        {
            Use(_ir[value].A, at);
            Use(_ir[value].B, at);
        }
        else
        {
            Use(value, at);
        }
    }

    // A value that an exit may ask for: what it is computed from must still be there then.
    private void UseLater(int value, int at)
    {
        if (value < 0 || _stamp[value] == _stampNow)
        {
            return;
        }

        _stamp[value] = _stampNow;
        ref IrInstruction instruction = ref _ir[value];
        if (instruction.Op == IrOp.Constant || IsFlagSlot(instruction))
        {
            return;
        }

        if (_needed[value] || !IrEvaluator.IsPure(instruction.Op))
        {
            Use(value, at);
            return;
        }

        UseLater(instruction.A, at);
        UseLater(instruction.B, at);
        UseLater(instruction.C, at);
    }

    // Where to jump to leave at an exit; what it needs is recorded as it is now.
    private Label ExitLabel(int at, SideExitAccess access = default)
    {
        int number = _ir[at].Exit;
        IrExit exit = _ir.Exits[number];
        _nodes.Clear();
        _stampNow++;
        int result = NodeOf(exit.FlagResult);
        int carries = NodeOf(exit.FlagCarries);
        _exits[number] = new SideExit(exit.Operation, result, carries, _nodes.Count == 0 ? [] : [.. _nodes], access, Retired: exit.Retired);
        Label label = _a.NewLabel();
        _pendingExits.Add((label, number));
        return label;
    }

    private int NodeOf(int value)
    {
        if (value < 0)
        {
            return -1;
        }

        if (_stamp[value] == _stampNow)
        {
            return _node[value];
        }

        ref IrInstruction instruction = ref _ir[value];
        ExitNode node;
        if (instruction.Op == IrOp.Constant || IsFlagSlot(instruction))
        {
            // The state holds the flag words that the block began with until it ends; where one was read to may be used for something else by now.
            node = new ExitNode(instruction, -1, -1, -1);
        }
        else if (_location[value] != Nowhere)
        {
            node = new ExitNode(new IrInstruction { Op = IrOp.Nop, Immediate = (ulong)_location[value] }, -1, -1, -1);
        }
        else if (IrEvaluator.IsPure(instruction.Op))
        {
            node = new ExitNode(instruction, NodeOf(instruction.A), NodeOf(instruction.B), NodeOf(instruction.C));
        }
        else
        {
            throw new InvalidOperationException($"Value {value} ({instruction.Op}) is needed by an exit and nowhere to be found.");
        }

        _nodes.Add(node);
        _stamp[value] = _stampNow;
        return _node[value] = _nodes.Count - 1;
    }
}
