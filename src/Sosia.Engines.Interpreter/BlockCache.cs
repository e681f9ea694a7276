using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Core.Execution;
using Sosia.Core.Memory;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Interpreter;

/// <summary>
/// Decoded blocks by guest physical address and the code's mode, in one arena that is emptied as a whole when it is full. A block dies
/// exactly when bytes of it are written, by anyone: its operations then lead back to the dispatcher, so that a running block stops
/// at the next instruction.
/// </summary>
internal sealed unsafe class BlockCache : ICodePageObserver, IDisposable
{
    private const int ArenaByteCount = 32 << 20;
    private const int BucketCount = 1 << 15;
    private const int ChunkShift = 6;

    private readonly X86Cpu _cpu;
    private readonly GuestRam _ram;
    private byte* _arena;
    private int _arenaUsed;
    private readonly Block** _buckets;
    private readonly Block** _pages;
    private readonly ulong* _codeChunks;

    // What other processors' threads have written, until this one's attends to it.
    private readonly List<(ulong RamPageIndex, int Offset, int ByteCount)> _foreignWrites = [];
    private readonly List<(ulong RamPageIndex, int Offset, int ByteCount)> _attendedTo = [];
    private volatile bool _hasForeignWrites;

    // The page that a block is being built of, plus 1: it counts as held.
    private ulong _building;

    /// <summary>Creates an empty cache for one CPU's view of RAM.</summary>
    public BlockCache(X86Cpu cpu)
    {
        _cpu = cpu;
        _ram = cpu.Memory.Ram;
        ulong pageCount = _ram.ByteCount / GuestRam.PageSize;
        // SAFETY: native memory owned by this object; large zeroed blocks are committed by the host only when touched.
        _arena = (byte*)NativeMemory.AllocZeroed(ArenaByteCount);
        _buckets = (Block**)NativeMemory.AllocZeroed(BucketCount, (nuint)sizeof(Block*));
        _pages = (Block**)NativeMemory.AllocZeroed((nuint)pageCount, (nuint)sizeof(Block*));
        _codeChunks = (ulong*)NativeMemory.AllocZeroed((nuint)pageCount, sizeof(ulong));
        _ram.AddCodeObserver(this);
    }

    /// <summary>Who makes host code of blocks; null when nobody does.</summary>
    public IBlockTranslations? Translations { get; set; }

    /// <summary>The longest block that is built, 1 to <see cref="BlockBuilder.MaxInstructions"/>.</summary>
    public int MaxBlockInstructions { get; set; } = BlockBuilder.MaxInstructions;

    /// <summary>Blocks built since the start.</summary>
    public long BlocksBuilt { get; private set; }

    /// <summary>Blocks dropped because their page was written.</summary>
    public long BlocksVoided { get; private set; }

    /// <summary>How often the whole cache was emptied.</summary>
    public long Flushes { get; private set; }

    /// <summary>Finds a block.</summary>
    /// <returns>Null when there is none.</returns>
    public Block* Find(ulong guestPhysical, CodeMode mode)
    {
        for (Block* block = _buckets[Bucket(guestPhysical)]; block != null; block = block->NextInBucket)
        {
            if (block->GuestPhysical == guestPhysical && block->Mode == mode && block->IsVoid == 0)
            {
                return block;
            }
        }

        return null;
    }

    /// <summary>Room for the largest block; empties the cache when there is none left. The block becomes known by <see cref="Commit"/>.</summary>
    public Block* Reserve()
    {
        int needed = sizeof(Block) + ((BlockBuilder.MaxInstructions + 1) * sizeof(Op));
        if (_arenaUsed + needed > ArenaByteCount)
        {
            Clear();
        }

        var block = (Block*)(_arena + _arenaUsed);
        *block = default;
        return block;
    }

    /// <summary>Marks a page before its code is read, if other processors' threads may be writing it: what they write from now on, they tell.</summary>
    public void BeginBuild(ulong ramPageIndex)
    {
        VcpuThreads threads = _cpu.Memory.Threads;
        if (!threads.AreRunning)
        {
            return;
        }

        Interlocked.Exchange(ref _building, ramPageIndex + 1);
        if (_codeChunks[ramPageIndex] != 0)
        {
            return;
        }

        using MachineLock.Holder held = threads.Code.Enter();
        if (_cpu.Memory.SetRamPageFlags(ramPageIndex, RamPageFlags.HasCode))
        {
            threads.WaitForOthers();
        }
    }

    /// <summary>Enters a built block.</summary>
    /// <param name="block">What <see cref="Reserve"/> gave, filled in.</param>
    /// <param name="opCount">Operations in it, the synthetic last one included.</param>
    /// <param name="ramPageIndex">The RAM page that its bytes lie in.</param>
    public void Commit(Block* block, int opCount, ulong ramPageIndex)
    {
        _arenaUsed += sizeof(Block) + (opCount * sizeof(Op));
        block->NextInPage = _pages[ramPageIndex];
        _pages[ramPageIndex] = block;
        int bucket = Bucket(block->GuestPhysical);
        block->NextInBucket = _buckets[bucket];
        _buckets[bucket] = block;
        _codeChunks[ramPageIndex] |= ChunkMask((int)(block->GuestPhysical & 0xfff), block->ByteCount);
        _cpu.Memory.SetRamPageFlags(ramPageIndex, RamPageFlags.HasCode);
        Volatile.Write(ref _building, 0);
        BlocksBuilt++;
        Translations?.Built(block);
    }

    /// <inheritdoc/>
    public void CodePageWritten(ulong ramPageIndex, int offset, int byteCount)
    {
        if (!_cpu.Memory.Threads.IsForeign(_cpu))
        {
            Drop(ramPageIndex, offset, byteCount);
        }
    }

    private void Drop(ulong ramPageIndex, int offset, int byteCount)
    {
        if ((_codeChunks[ramPageIndex] & ChunkMask(offset, byteCount)) == 0)
        {
            return;
        }

        bool isAnyVoid = false;
        Block** link = &_pages[ramPageIndex];
        while (*link != null)
        {
            Block* block = *link;
            int start = (int)(block->GuestPhysical & 0xfff);
            if (start < offset + byteCount && offset < start + block->ByteCount)
            {
                *link = block->NextInPage;
                MakeVoid(block);
                isAnyVoid = true;
            }
            else
            {
                link = &block->NextInPage;
            }
        }

        // Most writes hit data beside code.
        if (isAnyVoid)
        {
            FindChunks(ramPageIndex);
        }
    }

    private void FindChunks(ulong ramPageIndex)
    {
        ulong chunks = 0;
        for (Block* block = _pages[ramPageIndex]; block != null; block = block->NextInPage)
        {
            chunks |= ChunkMask((int)(block->GuestPhysical & 0xfff), block->ByteCount);
        }

        _codeChunks[ramPageIndex] = chunks;
        if (chunks == 0)
        {
            Unmark(ramPageIndex);
        }
    }

    /// <inheritdoc/>
    public bool HoldsCode(ulong ramPageIndex)
        => Volatile.Read(ref _building) == ramPageIndex + 1 || Volatile.Read(ref _codeChunks[ramPageIndex]) != 0;

    /// <inheritdoc/>
    public void CodePageChanged(ulong ramPageIndex, int offset, int byteCount)
    {
        // In this order: a block that is entered meanwhile is seen in one of the two.
        bool isBuilding = Volatile.Read(ref _building) == ramPageIndex + 1;
        if (!_cpu.Memory.Threads.IsForeign(_cpu)
            || (!isBuilding && (Volatile.Read(ref _codeChunks[ramPageIndex]) & ChunkMask(offset, byteCount)) == 0))
        {
            return;
        }

        lock (_foreignWrites)
        {
            _foreignWrites.Add((ramPageIndex, offset, byteCount));
            _hasForeignWrites = true;
        }

        _cpu.RequestAttention();
    }

    /// <summary>Drops what other processors' threads have written; between two instructions.</summary>
    public void AttendToForeignWrites()
    {
        if (!_hasForeignWrites)
        {
            return;
        }

        // Dropping waits for another lock, which it must not do under this one.
        lock (_foreignWrites)
        {
            _hasForeignWrites = false;
            _attendedTo.AddRange(_foreignWrites);
            _foreignWrites.Clear();
        }

        foreach ((ulong ramPageIndex, int offset, int byteCount) in _attendedTo)
        {
            Drop(ramPageIndex, offset, byteCount);
        }

        _attendedTo.Clear();
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        ulong pageCount = _ram.ByteCount / GuestRam.PageSize;
        for (ulong page = 0; page < pageCount; page++)
        {
            if (_pages[page] != null)
            {
                _pages[page] = null;
                _codeChunks[page] = 0;
                Unmark(page);
            }
        }

        Translations?.Cleared();
        NativeMemory.Clear(_buckets, BucketCount * (nuint)sizeof(Block*));
        _arenaUsed = 0;
        Flushes++;
        _cpu.DropJumpCache();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_arena != null)
        {
            Clear();
            _ram.RemoveCodeObserver(this);
            NativeMemory.Free(_arena);
            NativeMemory.Free(_buckets);
            NativeMemory.Free(_pages);
            NativeMemory.Free(_codeChunks);
            _arena = null;
        }
    }

    private void Unmark(ulong ramPageIndex)
    {
        using MachineLock.Holder held = _cpu.Memory.Threads.Code.Enter();
        _ram.CodeDropped(ramPageIndex);
    }

    private static int Bucket(ulong guestPhysical) => (int)((guestPhysical ^ (guestPhysical >> 15)) & (BucketCount - 1));

    private static ulong ChunkMask(int offset, int byteCount)
    {
        int first = offset >> ChunkShift;
        int last = (offset + byteCount - 1) >> ChunkShift;
        return (ulong.MaxValue << first) & (ulong.MaxValue >> (63 - last));
    }

    // The block may be running, linked to and in the jump cache: its operations lead whoever executes them back to the dispatcher.
    private void MakeVoid(Block* block)
    {
        Translations?.Voided(block);
        block->FirstHandler = block->FirstHandler == null ? null : &BlockBuilder.LeaveVoidBlock;
        block->IsVoid = 1;
        BlocksVoided++;
        var ops = (Op*)(block + 1);
        for (int i = 0; i <= block->Count; i++)
        {
            ops[i].Handler = &BlockBuilder.LeaveVoidBlock;
        }

        int bucket = Bucket(block->GuestPhysical);
        for (Block** link = &_buckets[bucket]; *link != null; link = &(*link)->NextInBucket)
        {
            if (*link == block)
            {
                *link = block->NextInBucket;
                break;
            }
        }
    }
}
