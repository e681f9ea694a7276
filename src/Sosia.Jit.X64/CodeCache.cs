using System;
using System.ComponentModel;
using System.Runtime.CompilerServices;
using Sosia.Core;
using Sosia.Host.Linux.Memory;

namespace Sosia.Jit.X64;

/// <summary>
/// Executable memory, filled from one end and cleared as a whole. No page is writable and executable: the memory is mapped
/// twice, so every byte has a write address and an execute address, a constant distance apart.
/// </summary>
/// <remarks>
/// Every two places in it are less than 2 GiB apart, so direct jumps reach everywhere. One thread at a time may reserve, commit
/// and clear; any number may run code meanwhile, but whoever clears must know that none runs code that will be overwritten.
/// </remarks>
public sealed unsafe class CodeCache : IDisposable
{
    /// <summary>The smallest size.</summary>
    public const long MinimumByteCount = 1L << 20;

    /// <summary>The largest size: what signed 32-bit distances reach.</summary>
    public const long MaximumByteCount = 2L << 30;

    /// <summary>Every reservation begins at a multiple of this, at both addresses.</summary>
    public const int Alignment = 16;

    private readonly CodeMapping _mapping;
    private readonly byte* _write;
    private readonly byte* _execute;
    private int _reservedByteCount;

    /// <summary>Maps a cache; the host gives it pages as they are first written.</summary>
    /// <param name="byteCount">Its size, <see cref="MinimumByteCount"/> to <see cref="MaximumByteCount"/>.</param>
    /// <exception cref="SosiaException">The size is out of range, or the host refuses executable memory.</exception>
    public CodeCache(long byteCount)
    {
        if (byteCount is < MinimumByteCount or > MaximumByteCount)
        {
            throw new SosiaException($"The code cache cannot have {byteCount} bytes; give a size from 1 MiB to 2 GiB.");
        }

        ByteCount = byteCount;
        try
        {
            _mapping = new CodeMapping((ulong)byteCount);
        }
        catch (Win32Exception error)
        {
            throw new SosiaException(
                $"The host has no memory for a code cache of {byteCount >> 20} MiB ({error.Message}); give a smaller size.", FailureKind.Host, error);
        }

        try
        {
            _mapping.AllowExecution();
        }
        catch (Win32Exception error)
        {
            _mapping.Dispose();
            throw new SosiaException(
                $"The host refuses executable memory of {byteCount >> 20} MiB ({error.Message}); allow shared executable mappings "
                + "(SELinux or a memory limit may forbid them) or use the interpreter.",
                FailureKind.Host,
                error);
        }

        _write = _mapping.Write;
        _execute = _mapping.Execute;
    }

    /// <summary>The whole size in bytes.</summary>
    public long ByteCount { get; }

    /// <summary>The bytes that are committed, including what alignment wastes.</summary>
    public long UsedByteCount { get; private set; }

    /// <summary>How often the cache was cleared: an address from another generation means nothing any more.</summary>
    public int Generation { get; private set; }

    /// <summary>The lowest execute address.</summary>
    public byte* ExecuteStart => _execute;

    /// <summary>Finds room for new code; nothing is taken before <see cref="Commit"/>, and a further reservation replaces this one.</summary>
    /// <param name="byteCount">How much may be written, at least 1.</param>
    /// <param name="write">Where to write it.</param>
    /// <param name="execute">Where it will run.</param>
    /// <returns>Whether there was room; if not, <see cref="Clear"/> makes some.</returns>
    public bool TryReserve(int byteCount, out byte* write, out byte* execute)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(byteCount);
        if (ByteCount - UsedByteCount < byteCount)
        {
            _reservedByteCount = 0;
            write = null;
            execute = null;
            return false;
        }

        _reservedByteCount = byteCount;
        write = _write + UsedByteCount;
        execute = _execute + UsedByteCount;
        return true;
    }

    /// <summary>Keeps the beginning of the last reservation.</summary>
    /// <param name="byteCount">How much of it was used; 0 keeps nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than was reserved.</exception>
    public void Commit(int byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(byteCount, _reservedByteCount);
        UsedByteCount = Math.Min(ByteCount, (UsedByteCount + byteCount + Alignment - 1) & -Alignment);
        _reservedByteCount = 0;
    }

    /// <summary>Forgets all code and begins a new generation. Code that is still there may run until it is overwritten.</summary>
    public void Clear()
    {
        UsedByteCount = 0;
        _reservedByteCount = 0;
        Generation++;
    }

    /// <summary>Whether an execute address lies in the cache.</summary>
    /// <param name="execute">Any address.</param>
    /// <returns>Whether it does.</returns>
    public bool Contains(byte* execute) => (ulong)(execute - _execute) < (ulong)ByteCount;

    /// <summary>Where a byte of code can be written.</summary>
    /// <param name="execute">Its execute address, in the cache.</param>
    /// <returns>Its write address.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* ToWrite(byte* execute) => _write + (execute - _execute);

    /// <summary>Where a byte of code runs.</summary>
    /// <param name="write">Its write address, in the cache.</param>
    /// <returns>Its execute address.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* ToExecute(byte* write) => _execute + (write - _write);

    /// <summary>Gives a jump in the cache a new target while the code may be running (<see cref="Assembler.PatchRel32"/>).</summary>
    /// <param name="executeField">The jump's 32-bit distance where it runs, 4-byte aligned.</param>
    /// <param name="executeAddress">The new target.</param>
    /// <exception cref="ArgumentOutOfRangeException">The field is not in the cache or not aligned, or the target not reachable.</exception>
    public void PatchRel32(long executeField, long executeAddress)
    {
        // SAFETY: the field lies in the cache, so its write address is mapped and writable.
        byte* field = (byte*)executeField;
        if (!Contains(field))
        {
            throw new ArgumentOutOfRangeException(nameof(executeField), executeField, "The field is not in the code cache.");
        }

        Assembler.PatchRel32(ToWrite(field), executeField, executeAddress);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapping.Dispose();
    }
}
