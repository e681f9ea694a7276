using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>How the last operation of a block leads on: by a link within the page, by the jump cache, or back to the dispatcher.</summary>
public static unsafe class BlockEnd
{
    /// <summary>A direct branch to an offset from the block's RIP.</summary>
    /// <param name="state">The state.</param>
    /// <param name="op">The block's last operation.</param>
    /// <param name="rip">Where to go on, already wrapped to the code width.</param>
    /// <param name="taken">Which of the block's two links this is.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Op* Direct(X86State* state, Op* op, ulong rip, bool taken)
    {
        Block* block = Block.Of(op - op->IndexInBlock);
        return Link(state, op, taken ? block->Taken : block->FallThrough, rip);
    }

    /// <summary>A branch whose target is known only now, or leads to another page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Op* Indirect(X86State* state, Op* op, ulong rip)
    {
        ulong linear = state->CodeBits == 64 ? rip : (uint)(rip + state->Cs.Base);
        JumpCacheEntry* entry = state->JumpCache + ((linear ^ (linear >> 13)) & (JumpCacheEntry.Count - 1));
        if (entry->Linear == linear && entry->Generation == state->JumpCacheGeneration)
        {
            return Enter(state, op, entry->Ops, rip);
        }

        state->Rip = rip;
        return null;
    }

    /// <summary>The block's instructions ran out without a branch.</summary>
    public static Op* FallThrough(X86State* state, Op* op)
        // This synthetic operation stands behind the last instruction, whose position it carries.
        => Link(state, op, Block.Of(op - op->IndexInBlock - 1)->FallThrough, Wrap(state, state->BlockRip + op->RipOffset));

    /// <summary>Cuts an instruction pointer to the code width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Wrap(X86State* state, ulong rip)
        => state->CodeBits == 64 ? rip : state->CodeBits == 32 ? (uint)rip : (ushort)rip;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* Link(X86State* state, Op* op, Op* next, ulong rip)
        => next != null ? Enter(state, op, next, rip) : Indirect(state, op, rip);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* Enter(X86State* state, Op* op, Op* next, ulong rip)
    {
        // The limit is the budget, or 0 after a kick; whole blocks only, so that the budget is exact.
        long retired = state->RetiredAtBlock + op->IndexInBlock + 1;
        if (retired + Block.Of(next)->Count <= state->RetireLimit)
        {
            state->RetiredAtBlock = retired;
            state->BlockRip = rip;
            return next;
        }

        state->Rip = rip;
        return null;
    }
}
