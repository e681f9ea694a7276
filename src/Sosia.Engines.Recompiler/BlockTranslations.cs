using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;
using Sosia.Jit.X64;
using Sosia.Jit.X64.Lowering;

namespace Sosia.Engines.Recompiler;

/// <summary>
/// The host code of one CPU's blocks. A block is interpreted until it has proved warm; then its first operation's handler is replaced by one
/// that runs the block's host code, which follows links and the jump cache from block to block and comes back with what a handler returns.
/// </summary>
internal sealed unsafe partial class BlockTranslations : IBlockTranslations, IDisposable
{
    // Room that every block fits in; longer code is given up.
    private const int MaxBlockByteCount = 64 << 10;

    private readonly X86Cpu _cpu;
    private readonly RecompilerOptions _options;
    private readonly CodeCache _codeCache;
    private readonly Assembler _assembler = new();
    private readonly BlockTranslator _translator;
    private readonly byte[] _codeCopy = new byte[4096];
    private readonly Thunks _thunks;
    private readonly BlockLowering _lowering;
    private readonly GuestLayout _layout;
    private readonly List<Translation> _translations = [];
    private readonly List<(SideExit Exit, Translation Translation)> _exits = [];
    private readonly FlagWords _flagWords = new();
    private readonly X87Area _x87Area = new();
    private readonly GCHandle _self;
    private readonly long[] _callsByRow = new long[InstructionTable.Rows.Length];
    private ulong[] _values = new ulong[256];
    private long _translationTicks;

    public BlockTranslations(X86Cpu cpu, RecompilerOptions options)
    {
        _cpu = cpu;
        _translator = new BlockTranslator(cpu.Model.Features, options.HostFeatures) { HasPeers = cpu.CpuCount > 1 };
        _options = options;
        _codeCache = new CodeCache(options.CacheByteCount);
        _layout = LayoutOf(cpu.State, _flagWords, _x87Area);
        _codeCache.TryReserve(4096, out byte* write, out byte* execute);
        _assembler.Begin(write, execute, 4096);
        _thunks = new Thunks(_assembler, _layout);
        _codeCache.Commit(_assembler.Position);
        _lowering = new BlockLowering(_assembler, _layout, _thunks);
        _self = GCHandle.Alloc(this);
    }

    /// <inheritdoc/>
    public bool IsFull { get; private set; }

    /// <summary>Blocks translated so far.</summary>
    public long Translated { get; private set; }

    /// <summary>Side exits taken.</summary>
    public long SideExits { get; private set; }

    /// <summary>Accesses that only lacked a TLB entry, and were tried again.</summary>
    public long RetriedAccesses { get; private set; }

    /// <summary>Times that host code came to a block's end and had no host code to go on with.</summary>
    public long Lookups { get; private set; }

    /// <summary>Jumps linked from where they leave.</summary>
    public long Links { get; private set; }

    /// <summary>Operations that host code executed by calling the interpreter's handler.</summary>
    public long HelperCalls
    {
        get
        {
            long sum = 0;
            foreach (long count in _callsByRow)
            {
                sum += count;
            }

            return sum;
        }
    }

    /// <summary>Guest instructions in the blocks translated so far.</summary>
    public long TranslatedInstructions { get; private set; }

    /// <summary>Host nanoseconds spent on translating.</summary>
    public long TranslationNanoseconds => (long)(_translationTicks * (1e9 / Stopwatch.Frequency));

    /// <summary>Guest instructions retired while host code ran.</summary>
    public long InstructionsInHostCode { get; private set; }

    /// <summary>Host code that is kept, in bytes.</summary>
    public long CodeByteCount => _codeCache.UsedByteCount;

    /// <summary>Adds the calls of handlers to a table by the instruction table's rows.</summary>
    public void AddCalls(long[] byRow)
    {
        for (int row = 0; row < byRow.Length; row++)
        {
            byRow[row] += _callsByRow[row];
        }
    }

    /// <summary>Makes this the CPU's engine context.</summary>
    public void Enter() => _cpu.State->EngineContext = GCHandle.ToIntPtr(_self);

    /// <inheritdoc/>
    public void Built(Block* block)
    {
        if (!BlockTranslator.CanTranslate(block->Mode))
        {
            return;
        }

        var ops = (Op*)(block + 1);
        block->FirstHandler = ops->Handler;
        block->Cold = _options.WarmExecutions;
        ops->Handler = &RunCold;
    }

    /// <inheritdoc/>
    public void Linked(Block* block, bool isTaken, Op* target)
    {
        Block* to = Block.Of(target);
        if (block->Code == null || to->Code == null || to->IsVoid != 0)
        {
            return;
        }

        Translation from = _translations[block->Translation];
        Translation into = _translations[to->Translation];
        foreach (Edge edge in from.Lowered.Edges)
        {
            if (edge.IsTaken == isTaken)
            {
                _codeCache.PatchRel32(edge.Field, into.Lowered.Entry);
                into.Incoming.Add(edge);
            }
        }
    }

    /// <inheritdoc/>
    public void Voided(Block* block)
    {
        if (block->Code == null)
        {
            return;
        }

        Translation translation = _translations[block->Translation];
        foreach (Edge edge in translation.Incoming)
        {
            _codeCache.PatchRel32(edge.Field, edge.Unlinked);
            if (edge.Site != 0)
            {
                WriteSite(edge.Site, 1UL << 63, 0);
            }
        }

        translation.Incoming.Clear();
        // The jump cache may still lead here.
        _assembler.Begin(_codeCache.ToWrite((byte*)translation.Lowered.Entry), (byte*)translation.Lowered.Entry, 16);
        _assembler.Jmp(_thunks.OverBudget);
        block->Code = null;
    }

    /// <inheritdoc/>
    public void Cleared()
    {
        _translations.Clear();
        _exits.Clear();
        _codeCache.Clear();
        _codeCache.TryReserve(4096, out _, out _);
        _codeCache.Commit(4096);
        IsFull = false;
        _options.Observer?.Cleared();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _self.Free();
        _codeCache.Dispose();
        _flagWords.Dispose();
        _x87Area.Dispose();
    }

    private static BlockTranslations Of(X86State* state)
        => Unsafe.As<BlockTranslations>(GCHandle.FromIntPtr(state->EngineContext).Target!);

    // Host code has the guest's MXCSR in the host's: an exception that is not masked there would be the host's own.
    private static bool AreMasked(X86State* state) => (state->Mxcsr & 0x1f80) == 0x1f80;

    // The handler in front of a block that is still interpreted.
    private static Op* RunCold(X86State* state, Op* op)
    {
        Block* block = Block.Of(op);
        if (--block->Cold <= 0)
        {
            Of(state).Translate(block);
            if (block->Code != null)
            {
                return RunCode(state, op);
            }
        }

        return block->FirstHandler(state, op);
    }

    private static GuestLayout LayoutOf(X86State* state, FlagWords flagWords, X87Area x87Area)
    {
        byte* start = (byte*)state;
        var offsets = new int[BlockTranslator.FlagCarriesSlot + 1];
        for (int i = 0; i < 16; i++)
        {
            offsets[i] = StateOffset.GprAt(i);
        }

        offsets[BlockTranslator.FlagResultSlot] = (int)((byte*)&state->FlagResult - start);
        offsets[BlockTranslator.FlagCarriesSlot] = (int)((byte*)&state->FlagCarries - start);
        var pinned = new Gpr?[offsets.Length];
        Gpr[] hosts = [Gpr.R8, Gpr.R9, Gpr.R10, Gpr.Rbx, Gpr.R11, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15];
        for (int i = 0; i < hosts.Length; i++)
        {
            pinned[i] = hosts[i];
        }

        return new GuestLayout
        {
            SlotOffsets = offsets,
            Pinned = pinned,
            FlagResultSlot = BlockTranslator.FlagResultSlot,
            FlagCarriesSlot = BlockTranslator.FlagCarriesSlot,
            FlagWords = flagWords.Address,
            DataTlb = (int)((byte*)&state->DataTlb - start),
            TlbEntryCount = TlbEntry.Count,
            Retired = (int)((byte*)&state->RetiredAtBlock - start),
            RetireLimit = (int)((byte*)&state->RetireLimit - start),
            BlockRip = StateOffset.BlockRip,
            Rip = (int)((byte*)&state->Rip - start),
            CurrentOperation = (int)((byte*)&state->CurrentOp - start),
            JumpCache = (int)((byte*)&state->JumpCache - start),
            JumpCacheCount = JumpCacheEntry.Count,
            JumpCacheGeneration = (int)((byte*)&state->JumpCacheGeneration - start),
            SaveArea = (int)((byte*)state->SaveArea - start),
            OperationByteCount = sizeof(Op),
            X87 = x87Area.LayoutOf(state),
            Mxcsr = (int)((byte*)&state->Mxcsr - start),
            VectorRefused = ((int)((byte*)&state->Cr0 - start), (int)(ControlBits.Cr0Em | ControlBits.Cr0Ts)),
            VectorEnabled = ((int)((byte*)&state->Cr4 - start), (int)ControlBits.Cr4Osfxsr),
            // The interpreter refuses them in 16-bit code too, which is never translated.
            UpperRefused = ((int)((byte*)&state->Cr0 - start), (int)ControlBits.Cr0Ts),
            UpperEnabled =
            [
                ((int)((byte*)&state->Cr4 - start), (int)ControlBits.Cr4Osxsave),
                ((int)((byte*)&state->Xcr0 - start), 2),
                ((int)((byte*)&state->Xcr0 - start), 4),
            ],
        };
    }

    private void Translate(Block* block)
    {
        long start = Stopwatch.GetTimestamp();
        Lowered? lowered = TryTranslate(block);
        _translationTicks += Stopwatch.GetTimestamp() - start;
        if (lowered is not null && _options.Observer is { } observer)
        {
            Tell(observer, block, lowered);
        }
    }

    private Lowered? TryTranslate(Block* block)
    {
        // Tried once: what fails stays interpreted.
        block->Cold = int.MaxValue;
        if (!_codeCache.TryReserve(MaxBlockByteCount, out byte* write, out byte* execute))
        {
            IsFull = true;
            return null;
        }

        byte* page = _cpu.Memory.FindRamPage(block->GuestPhysical, out _, out _);
        var ops = (Op*)(block + 1);
        int offset = (int)(block->GuestPhysical & 0xfff);
        if (page == null)
        {
            // Another processor has taken the RAM away.
            return null;
        }

        // SAFETY: the block was decoded from this page of RAM and dies when it is written.
        var code = new ReadOnlySpan<byte>(page + offset, 4096 - offset);
        if (_translator.HasPeers)
        {
            // Another processor may be writing it just now.
            code.CopyTo(_codeCopy);
            code = _codeCopy.AsSpan(0, code.Length);
        }

        _translator.Translate(block, code);
        if (_translator.IsStale)
        {
            return null;
        }

        _assembler.Begin(write, execute, MaxBlockByteCount);
        Lowered? lowered = _lowering.Lower(_translator.Ir, block->Count, ops[block->Count].RipOffset, (long)ops, _exits.Count);
        if (lowered is null)
        {
            return null;
        }

        _codeCache.Commit(_assembler.Position);
        var translation = new Translation(block, lowered);
        block->Translation = _translations.Count;
        block->Code = (void*)lowered.Entry;
        block->Body = (void*)lowered.Body;
        block->CodeCount = (ushort)(block->Count * _translator.Ir.Copies);
        _translations.Add(translation);
        foreach (SideExit? exit in lowered.Exits)
        {
            _exits.Add((exit!, translation));
        }

        Translated++;
        TranslatedInstructions += block->Count;
        ops->Handler = &RunCode;
        return lowered;
    }

    private void Tell(ITranslationObserver observer, Block* block, Lowered lowered)
    {
        byte* page = _cpu.Memory.FindRamPage(block->GuestPhysical, out _, out _);
        observer.Translated(new TranslatedBlock
        {
            Rip = _cpu.State->BlockRip,
            GuestPhysical = block->GuestPhysical,
            CodeBits = block->CodeBits,
            InstructionCount = block->Count,
            // SAFETY: the block was decoded from this page of RAM; the code lies in the cache.
            GuestCode = new ReadOnlySpan<byte>(page + (block->GuestPhysical & 0xfff), block->ByteCount),
            Ir = _translator.Ir,
            HostCode = new ReadOnlySpan<byte>(_codeCache.ToWrite((byte*)lowered.Entry), lowered.ByteCount),
            HostAddress = lowered.Entry,
        });
    }
}
