using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Core.Execution;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Interpreter;

/// <summary>Runs one CPU block by block: finds or builds the next block, executes it, attends to events between blocks.</summary>
internal sealed unsafe class BlockRunner : IDisposable
{
    private readonly X86Cpu _cpu;
    private readonly X86State* _state;
    private readonly BlockBuilder _builder;
    private JumpCacheEntry* _jumpCache;

    // The last operation of the block executed before, while the next block is looked for; null when nothing may be linked.
    private Op* _linkFrom;
    private long _linkFlushes;
    private CodeMode _linkMode;

    // How many more faults this run delivers. An instruction that faults does not retire: a guest whose fault handlers fault would
    // never use up its budget.
    private long _faultsLeft;

    // False when the block found last was built for one execution: its memory is used again, so that nothing may be linked from it.
    private bool _isCached;

    public BlockRunner(X86Cpu cpu)
    {
        _cpu = cpu;
        _state = cpu.State;
        Cache = new BlockCache(cpu);
        Exits = new ExitCounts(cpu);
        _builder = new BlockBuilder(cpu, Cache);
        // SAFETY: a zeroed native table of the size that the constant names, freed in Dispose.
        _jumpCache = (JumpCacheEntry*)NativeMemory.AllocZeroed(JumpCacheEntry.Count, (nuint)sizeof(JumpCacheEntry));
    }

    public BlockCache Cache { get; }

    public ExitCounts Exits { get; }

    public ExitReason Run(long maxInstructions)
    {
        X86State* st = _state;
        st->JumpCache = _jumpCache;
        long limit = st->RetiredAtBlock + maxInstructions;
        if (limit < 0)
        {
            limit = long.MaxValue;
        }

        Exits.Begin();
        _faultsLeft = maxInstructions;
        // Since the last run another engine may have executed the block behind, or a debugger or a restored state changed RIP.
        _linkFrom = null;
        // Zero makes the loop look at the events first.
        st->RetireLimit = 0;
        ExitReason? reason = null;
        while (reason is null)
        {
            if (Volatile.Read(ref st->RetireLimit) == 0)
            {
                // The limit first, then the events: a kick from another thread either is seen here or resets the limit after this.
                Volatile.Write(ref st->RetireLimit, limit);
                Thread.MemoryBarrier();
                _cpu.Memory.Threads.WaitWhileExclusive();
                Cache.AttendToForeignWrites();
                reason = Attend(limit);
            }
            else if (IsBudgetUsed(limit))
            {
                reason = ExitReason.BudgetUsed;
            }
            else
            {
                RunBlocks(limit - st->RetiredAtBlock);
                reason = st->Exit != BlockExit.None && !HandleExit() ? ExitReason.Shutdown : null;
            }
        }

        st->JumpCache = null;
        Exits.End(reason.Value);
        return reason.Value;
    }

    public void Dispose()
    {
        Cache.Dispose();
        NativeMemory.Free(_jumpCache);
        _jumpCache = null;
    }

    // The loop that everything is for.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Loop(X86State* st, Op* op)
    {
        do
        {
            st->CurrentOp = op;
            op = op->Handler(st, op);
        }
        while (op != null);
    }

    // Executes the block at RIP and those that its end leads to, within a budget of instructions.
    private void RunBlocks(long budget)
    {
        Op* op = FindBlock();
        if (op == null)
        {
            return;
        }

        if (Block.Of(op)->Count > budget)
        {
            ExecutePart(op, (int)budget);
            return;
        }

        X86State* st = _state;
        st->BlockRip = st->Rip;
        Loop(st, op);
        if (st->Exit == BlockExit.None)
        {
            Op* last = st->CurrentOp;
            if (last == null)
            {
                // Host code left in front of a block; it has kept the books itself.
                return;
            }

            st->RetiredAtBlock += last->IndexInBlock + 1;
            st->CurrentOp = null;
            _linkFrom = _isCached ? last : null;
            _linkFlushes = Cache.Flushes;
            _linkMode = st->CodeMode;
        }
    }

    // The first operations of a block, fewer than all of it.
    private void ExecutePart(Op* op, int count)
    {
        X86State* st = _state;
        st->BlockRip = st->Rip;
        for (int i = 0; i < count; i++)
        {
            st->CurrentOp = op;
            // Not what an engine has put in front of the first: that would execute the whole block.
            Op* next = i == 0 && Block.Of(op)->FirstHandler != null ? Block.Of(op)->FirstHandler(st, op) : op->Handler(st, op);
            if (next == null)
            {
                // A fault, or an access after which events are looked at: the caller handles the exit.
                return;
            }

            op = next;
        }

        st->RetiredAtBlock += count;
        st->Rip = RipOf(op);
        st->CurrentOp = null;
    }

    private bool IsBudgetUsed(long limit) => _state->RetiredAtBlock >= limit || _faultsLeft <= 0;

    // Looks at the events of an instruction boundary. Null: go on.
    private ExitReason? Attend(long limit)
    {
        X86State* st = _state;
        switch (_cpu.ServiceEvents())
        {
            case BoundaryAction.Run:
                return null;
            case BoundaryAction.RunOne when IsBudgetUsed(limit):
                return ExitReason.BudgetUsed;
            case BoundaryAction.RunOne:
                // The limit 0 keeps a block's end from leading on, and brings us back here.
                st->RetireLimit = 0;
                _cpu.TraceInstruction();
                RunBlocks(1);
                return st->Exit != BlockExit.None && !HandleExit() ? ExitReason.Shutdown : null;
            case BoundaryAction.Halted:
                return ExitReason.Halted;
            case BoundaryAction.Kicked:
                return ExitReason.Kicked;
            default:
                return ExitReason.Shutdown;
        }
    }

    // The block at RIP; null after a fault, which is recorded.
    private Op* FindBlock()
    {
        X86State* st = _state;
        ulong linear = st->CodeBits == 64 ? st->Rip : (uint)(st->Rip + st->Cs.Base);
        JumpCacheEntry* entry = _jumpCache + ((linear ^ (linear >> 13)) & (JumpCacheEntry.Count - 1));
        if (entry->Linear == linear && entry->Generation == st->JumpCacheGeneration && Block.Of(entry->Ops)->IsVoid == 0)
        {
            Bind(Block.Of(entry->Ops));
            entry->Code = Block.Of(entry->Ops)->Code;
            Link(entry->Ops);
            _isCached = true;
            return entry->Ops;
        }

        if (st->CodeBits != 64 && st->Rip > st->Cs.Limit)
        {
            _cpu.Fault(ExceptionVector.GeneralProtection, 0);
            return null;
        }

        if (!_cpu.TranslateFetch(linear, out ulong guestPhysical))
        {
            return null;
        }

        Block* block = Cache.Find(guestPhysical, st->CodeMode);
        if (block != null && !FitsCodeSegment(block))
        {
            block = null;
        }

        if (Cache.Translations is { IsFull: true })
        {
            Cache.Clear();
            block = null;
        }

        bool isCached = true;
        if (block != null)
        {
            Bind(block);
        }
        else
        {
            block = _builder.Build(linear, guestPhysical, out isCached);
            if (block == null)
            {
                return null;
            }
        }

        var ops = (Op*)(block + 1);
        if (isCached)
        {
            entry->Linear = linear;
            entry->Generation = st->JumpCacheGeneration;
            entry->Ops = ops;
            entry->Code = block->Code;
            Link(ops);
        }

        _linkFrom = null;
        _isCached = isCached;
        return ops;
    }

    // A block that comes by the second time has called its handlers, so that their code is known. Before it has, nothing leads to it by itself.
    private static void Bind(Block* block)
    {
        if (block->IsBound == 0 && HandlerAddress.Bind(block))
        {
            block->IsBound = 1;
        }
    }

    // Remembers where a direct branch within a page led, so that it goes there by itself the next time. That stays true as long as both
    // blocks live: another mapping of the page moves both, and whoever writes the page voids them. 16-bit code is left out, because
    // there the instruction pointer can wrap within a page.
    private void Link(Op* target)
    {
        Op* last = _linkFrom;
        _linkFrom = null;
        X86State* st = _state;
        if (last == null || _linkFlushes != Cache.Flushes || st->CodeBits == 16 || st->CodeMode != _linkMode)
        {
            return;
        }

        ulong from = st->BlockRip + st->Cs.Base;
        ulong to = st->Rip + st->Cs.Base;
        if (((from ^ to) & ~0xfffUL) != 0)
        {
            return;
        }

        bool isSynthetic = last->Length == 0;
        Block* block = Block.Of(last - last->IndexInBlock - (isSynthetic ? 1 : 0));
        if (isSynthetic || st->Rip == RipOf(last) + last->Length)
        {
            block->FallThrough = target;
            Cache.Translations?.Linked(block, isTaken: false, target);
        }
        else if (st->Rip == BlockEnd.Wrap(st, st->BlockRip + last->Immediate))
        {
            block->Taken = target;
            Cache.Translations?.Linked(block, isTaken: true, target);
        }
    }

    // Consumes the reason why a block ended early. False after a triple fault.
    private bool HandleExit()
    {
        X86State* st = _state;
        BlockExit exit = st->Exit;
        Op* op = st->CurrentOp;
        st->Exit = BlockExit.None;
        _linkFrom = null;
        if (op == null)
        {
            // Fetching faulted before any operation ran.
            return exit != BlockExit.Fault || DeliverFault();
        }

        if (exit == BlockExit.AfterInstruction)
        {
            st->RetiredAtBlock += op->IndexInBlock + 1;
            if ((InstructionTable.Rows[op->Row].Flags & RowFlags.EndsBlock) == 0)
            {
                st->Rip = BlockEnd.Wrap(st, RipOf(op) + op->Length);
            }
        }
        else
        {
            // The synthetic last operation carries the position of the instruction before it, which has retired.
            st->RetiredAtBlock += op->IndexInBlock + (op->Length == 0 ? 1 : 0);
            st->Rip = RipOf(op);
        }

        st->CurrentOp = null;
        return exit != BlockExit.Fault || DeliverFault();
    }

    private bool DeliverFault()
    {
        _faultsLeft--;
        Exits.Faults++;
        return _cpu.DeliverFault();
    }

    private ulong RipOf(Op* op) => BlockEnd.Wrap(_state, _state->BlockRip + op->RipOffset);

    private bool FitsCodeSegment(Block* block)
        => _state->CodeBits == 64 || _state->Rip + block->ByteCount - 1 <= _state->Cs.Limit;
}
