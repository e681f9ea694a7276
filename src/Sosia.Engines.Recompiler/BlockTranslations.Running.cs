using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;
using Sosia.Jit;
using Sosia.Jit.X64.Lowering;

namespace Sosia.Engines.Recompiler;

/// <content>
/// Into host code and out of it. Host code never calls managed code: it returns and is entered again, which costs less than a callback and lets
/// exceptions pass.
/// </content>
internal sealed unsafe partial class BlockTranslations
{
    // The handler in front of a block that has host code.
    private static Op* RunCode(X86State* state, Op* op)
    {
        Block* block = Block.Of(op);
        // The caller knows that the block fits in the budget once.
        if (!AreMasked(state) || (block->CodeCount != block->Count && state->RetiredAtBlock + block->CodeCount > state->RetireLimit))
        {
            return block->FirstHandler(state, op);
        }

        BlockTranslations self = Of(state);
        long before = state->RetiredAtBlock;
        Op* next = self.RunCode(state, block->Body);
        self.InstructionsInHostCode += state->RetiredAtBlock - before;
        return next;
    }

    // Runs host code until the interpreter has to go on.
    private Op* RunCode(X86State* state, void* body)
    {
        var enter = (delegate* unmanaged<X86State*, void*, nint>)_thunks.Enter;
        nint result = enter(state, body);
        while (true)
        {
            if ((result & Thunks.CallBit) != 0)
            {
                int more = (int)(result >> Thunks.CallCountShift);
                var called = (Op*)((result & ((1L << Thunks.CallCountShift) - 1)) - Thunks.CallBit);
                SettleFlags(state);
                Op* next = RunOperation(state, called);
                for (; more != 0 && IsNext(state, called, next); more--)
                {
                    called = next;
                    next = RunOperation(state, called);
                }

                if (IsNext(state, called, next))
                {
                    result = enter(state, (void*)state->SaveArea[GuestLayout.ResumeOffset / 8]);
                    continue;
                }

                if (next != null || state->Exit != BlockExit.None)
                {
                    return next;
                }

                if (!TryLeadOn(state, called, out void* code))
                {
                    Lookups++;
                    return null;
                }

                result = enter(state, code);
            }
            else if ((result & Thunks.SideExitBit) != 0)
            {
                (SideExit exit, Translation translation) = _exits[(int)(result >> Thunks.SideExitShift)];
                if (exit.Kind != SideExitKind.Operation)
                {
                    void* target = Link(state, exit, translation);
                    if (target == null)
                    {
                        Lookups++;
                        SettleFlags(state);
                        return null;
                    }

                    result = enter(state, target);
                    continue;
                }

                if (exit.Access.ByteCount != 0)
                {
                    if (_cpu.TryMakeFast(state->SaveArea[(int)exit.Access.Address], exit.Access.ByteCount, exit.Access.IsWrite, out bool faulted))
                    {
                        RetriedAccesses++;
                        state->SaveArea[GuestLayout.ResumeOffset / 8] = (ulong)exit.Access.Retry;
                        result = ((delegate* unmanaged<X86State*, nint>)_thunks.Resume)(state);
                        continue;
                    }

                    if (faulted)
                    {
                        SettleFlags(state, exit);
                        state->RetiredAtBlock += exit.Retired;
                        state->CurrentOp = (Op*)(translation.Block + 1) + exit.Operation;
                        return null;
                    }
                }

                return TakeSideExit(exit, translation);
            }
            else
            {
                Lookups++;
                SettleFlags(state);
                return (Op*)result;
            }
        }
    }

    // Whether host code goes on with the operation behind one that a handler executed: one that wrote its own block's code is followed by what is there now,
    // one that unmasked a vector exception by the interpreter.
    private static bool IsNext(X86State* state, Op* called, Op* next)
        => next == called + 1 && Block.Of(called - called->IndexInBlock)->IsVoid == 0 && AreMasked(state);

    // Executes an operation that has no host code of its own.
    private Op* RunOperation(X86State* state, Op* op)
    {
        _callsByRow[op->Row]++;
        state->CurrentOp = op;
        return op->IndexInBlock == 0 ? Block.Of(op)->FirstHandler(state, op) : op->Handler(state, op);
    }

    // The block at an instruction pointer, when the jump cache knows it and it has host code. Where the instruction pointer is not the linear address the entry
    // found can be another's, but no block of that mode has host code.
    private static Block* FindTranslated(X86State* state, ulong linear)
    {
        JumpCacheEntry* entry = state->JumpCache + ((linear ^ (linear >> 13)) & (JumpCacheEntry.Count - 1));
        if (entry->Linear != linear || entry->Generation != state->JumpCacheGeneration)
        {
            return null;
        }

        Block* block = Block.Of(entry->Ops);
        if (block->IsVoid != 0 || block->Code == null)
        {
            return null;
        }

        entry->Code = block->Code;
        return block;
    }

    // At an exit in front of a jump: leads it to the target's code, which is returned. Null when there is none yet: the dispatcher goes on.
    private void* Link(X86State* state, SideExit exit, Translation translation)
    {
        bool isReturn = exit.Kind == SideExitKind.Return;
        ulong linear = isReturn ? state->BlockRip : state->Rip;
        Block* target = FindTranslated(state, linear);
        if (target == null)
        {
            state->Rip = linear;
            // A return's books are kept: the guest stands in front of a block.
            state->CurrentOp = isReturn ? null : (Op*)(translation.Block + 1) + exit.Operation;
            return null;
        }

        Edge edge = exit.Edge;
        if (isReturn)
        {
            // The call and what is behind it lie in one page, which moves as a whole.
            if (((target->GuestPhysical ^ translation.Block->GuestPhysical) & ~0xfffUL) != 0)
            {
                return target->Code;
            }
        }
        else
        {
            state->RetiredAtBlock += ((Op*)(translation.Block + 1) + exit.Operation)->IndexInBlock + 1;
            state->BlockRip = linear;
            if (edge.Site != 0)
            {
                WriteSite(edge.Site, linear, state->JumpCacheGeneration);
            }
        }

        Translation into = _translations[target->Translation];
        _codeCache.PatchRel32(edge.Field, into.Lowered.Entry);
        into.Incoming.Add(edge);
        Links++;
        return target->Code;
    }

    private void WriteSite(long site, ulong linear, ulong generation)
    {
        // SAFETY: an edge's site names two quadwords of the code cache.
        var words = (ulong*)_codeCache.ToWrite((byte*)site);
        words[0] = linear;
        words[1] = generation;
    }

    // After the last operation of a block, which has set RIP: the host code of the block there, when the jump cache knows it.
    private bool TryLeadOn(X86State* state, Op* last, out void* code)
    {
        code = null;
        ulong linear = state->Rip;
        Block* block = FindTranslated(state, linear);
        if (block == null || !AreMasked(state))
        {
            return false;
        }

        // The code itself looks whether its block fits in the budget.
        state->RetiredAtBlock += last->IndexInBlock + 1;
        state->BlockRip = linear;
        state->CurrentOp = null;
        code = block->Code;
        return true;
    }

    // Brings the state up to date and names the operation to go on with.
    private Op* TakeSideExit(SideExit exit, Translation translation)
    {
        SideExits++;
        X86State* state = _cpu.State;
        SettleFlags(state, exit);
        state->RetiredAtBlock += exit.Retired;
        Op* op = (Op*)(translation.Block + 1) + exit.Operation;
        // The first operation's handler would enter the host code again and again.
        state->CurrentOp = op;
        return exit.Operation == 0 ? translation.Block->FirstHandler(state, op) : op;
    }

    // Outside of host code the flags are in the state's two words.
    private void SettleFlags(X86State* state)
    {
        ref ulong hostFlags = ref state->SaveArea[GuestLayout.HostFlagsOffset / 8];
        if (hostFlags != 0)
        {
            _flagWords.Settle(state, ref hostFlags);
        }
    }

    // Also those that were put off in the block.
    private void SettleFlags(X86State* state, SideExit exit)
    {
        SettleFlags(state);
        if (exit.Nodes.Length == 0)
        {
            return;
        }

        Evaluate(exit.Nodes);
        if (exit.FlagResult >= 0)
        {
            state->FlagResult = _values[exit.FlagResult];
        }

        if (exit.FlagCarries >= 0)
        {
            state->FlagCarries = _values[exit.FlagCarries];
        }
    }

    private void Evaluate(ExitNode[] nodes)
    {
        if (_values.Length < nodes.Length)
        {
            _values = new ulong[nodes.Length * 2];
        }

        for (int i = 0; i < nodes.Length; i++)
        {
            ref readonly ExitNode node = ref nodes[i];
            _values[i] = node.Instruction.Op switch
            {
                IrOp.Nop => _cpu.State->SaveArea[(int)node.Instruction.Immediate],
                IrOp.ReadSlot => (int)node.Instruction.Immediate == BlockTranslator.FlagResultSlot ? _cpu.State->FlagResult : _cpu.State->FlagCarries,
                _ => IrEvaluator.Pure(
                    node.Instruction,
                    node.A < 0 ? 0 : _values[node.A],
                    node.B < 0 ? 0 : _values[node.B],
                    node.C < 0 ? 0 : _values[node.C]),
            };
        }
    }
}
