using System;
using System.Threading;
using Sosia.Core;
using Sosia.Core.Snapshots;
using Sosia.Host.Linux.Files;
using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>
/// A drive as a controller uses it: its medium's contents, and one answer for all controllers to what the host fails to do. An operation that ends
/// with <see cref="BlockResult.Stopped"/> is to be repeated after the guest's next instruction, which comes when the machine goes on.
/// </summary>
public class BlockDrive : IDisposable
{
    /// <summary>Bytes per sector.</summary>
    public const int SectorByteCount = 512;

    private readonly Lock _gate = new();
    private readonly BlockErrorPolicy _policy;
    private IBlockBackend? _medium;

    /// <summary>Creates a drive.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="medium">Its contents, which the drive owns; null for none.</param>
    /// <param name="policy">What becomes of failures of the host.</param>
    public BlockDrive(string name, IBlockBackend? medium, BlockErrorPolicy policy)
    {
        Name = name;
        _medium = medium;
        _policy = policy;
    }

    /// <summary>Its name in messages.</summary>
    public string Name { get; }

    /// <summary>Told, on the machine's thread, of failures of the host.</summary>
    public Action<BlockFault>? HostFault { get; set; }

    /// <summary>How many operations the host has failed to do.</summary>
    public long HostFaultCount { get; private set; }

    /// <summary>The medium's size in bytes; 0 without one.</summary>
    public ulong ByteCount => Volatile.Read(ref _medium)?.ByteCount ?? 0;

    /// <summary>The medium's size in sectors of 512 bytes; 0 without one.</summary>
    public ulong SectorCount => ByteCount / SectorByteCount;

    /// <summary>True when there is a medium.</summary>
    public bool HasMedium => Volatile.Read(ref _medium) is not null;

    /// <summary>True when the medium may not be written.</summary>
    public bool IsReadOnly => Volatile.Read(ref _medium)?.IsReadOnly ?? false;

    /// <summary>True when several runs of memory cost no more than one.</summary>
    public bool TakesSegments => Volatile.Read(ref _medium)?.TakesSegments ?? false;

    /// <summary>Reads.</summary>
    public BlockResult Read(ulong byteOffset, Span<byte> destination)
    {
        BlockResult result;
        lock (_gate)
        {
            result = Check(byteOffset, (ulong)destination.Length);
            if (result == BlockResult.Ok)
            {
                result = _medium!.Read(byteOffset, destination);
            }
        }

        return Judge(BlockOperation.Read, byteOffset, (ulong)destination.Length, result);
    }

    /// <summary>Writes; the data may stay in the host's caches until <see cref="Flush"/>.</summary>
    public BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        BlockResult result;
        lock (_gate)
        {
            result = Check(byteOffset, (ulong)source.Length);
            if (result == BlockResult.Ok)
            {
                result = _medium!.IsReadOnly ? BlockResult.ReadOnly : _medium.Write(byteOffset, source);
            }
        }

        return Judge(BlockOperation.Write, byteOffset, (ulong)source.Length, result);
    }

    /// <summary>Reads into runs of memory, one after the other.</summary>
    /// <param name="byteOffset">First byte.</param>
    /// <param name="destination">The runs.</param>
    /// <param name="byteCount">How many bytes they have together.</param>
    public BlockResult ReadSegments(ulong byteOffset, ReadOnlySpan<HostSegment> destination, ulong byteCount)
    {
        BlockResult result;
        lock (_gate)
        {
            result = Check(byteOffset, byteCount);
            if (result == BlockResult.Ok)
            {
                result = _medium!.ReadSegments(byteOffset, destination);
            }
        }

        return Judge(BlockOperation.Read, byteOffset, byteCount, result);
    }

    /// <summary>Writes runs of memory, one after the other; the data may stay in the host's caches until <see cref="Flush"/>.</summary>
    /// <param name="byteOffset">First byte.</param>
    /// <param name="source">The runs.</param>
    /// <param name="byteCount">How many bytes they have together.</param>
    public BlockResult WriteSegments(ulong byteOffset, ReadOnlySpan<HostSegment> source, ulong byteCount)
    {
        BlockResult result;
        lock (_gate)
        {
            result = Check(byteOffset, byteCount);
            if (result == BlockResult.Ok)
            {
                result = _medium!.IsReadOnly ? BlockResult.ReadOnly : _medium.WriteSegments(byteOffset, source);
            }
        }

        return Judge(BlockOperation.Write, byteOffset, byteCount, result);
    }

    /// <summary>Returns when everything written before is durable.</summary>
    public BlockResult Flush()
    {
        BlockResult result;
        lock (_gate)
        {
            result = _medium is null || _medium.IsReadOnly ? BlockResult.Ok : _medium.Flush();
        }

        return Judge(BlockOperation.Flush, 0, 0, result);
    }

    /// <summary>The contents of a range no longer matter.</summary>
    public BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        BlockResult result;
        lock (_gate)
        {
            result = Check(byteOffset, byteCount);
            if (result == BlockResult.Ok)
            {
                result = _medium!.IsReadOnly ? BlockResult.ReadOnly : _medium.Discard(byteOffset, byteCount);
            }
        }

        return Judge(BlockOperation.Discard, byteOffset, byteCount, result);
    }

    /// <summary>Makes a range read as zeros.</summary>
    /// <param name="byteOffset">First byte.</param>
    /// <param name="byteCount">How many.</param>
    /// <param name="mayUnmap">True when the space may return to the host.</param>
    public BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        BlockResult result;
        lock (_gate)
        {
            result = Check(byteOffset, byteCount);
            if (result == BlockResult.Ok)
            {
                result = _medium!.IsReadOnly ? BlockResult.ReadOnly : _medium.WriteZeroes(byteOffset, byteCount, mayUnmap);
            }
        }

        return Judge(BlockOperation.WriteZeroes, byteOffset, byteCount, result);
    }

    /// <summary>Writes what a snapshot must know of the medium.</summary>
    /// <exception cref="SosiaException">A saved machine could not go on with it.</exception>
    public virtual void Save(SnapshotWriter writer, string prefix)
    {
        RequireReproducible(Name, Volatile.Read(ref _medium));
        writer.Write(prefix + "hasMedium", HasMedium);
        writer.Write(prefix + "byteCount", ByteCount);
    }

    /// <summary>Sees to it that the medium is the one of a snapshot.</summary>
    /// <exception cref="SosiaException">It is another one.</exception>
    public virtual void Restore(SnapshotReader reader, string prefix)
    {
        ulong byteCount = reader.ReadUInt64(prefix + "byteCount");
        if (reader.ReadBoolean(prefix + "hasMedium") != HasMedium || byteCount != ByteCount)
        {
            throw new SosiaException($"The snapshot's drive '{Name}' has {byteCount} bytes, but the given one has {ByteCount}; give the disk that the snapshot was taken with.");
        }
    }

    /// <summary>Closes the medium, after a last flush.</summary>
    public void Dispose()
    {
        ReplaceMedium(null);
        GC.SuppressFinalize(this);
    }

    /// <summary>Puts another medium in the place of the present one, which is flushed and closed. Callable from any thread.</summary>
    /// <param name="medium">The medium; null for none.</param>
    protected void ReplaceMedium(IBlockBackend? medium)
    {
        lock (_gate)
        {
            IBlockBackend? old = _medium;
            Volatile.Write(ref _medium, medium);
            if (old is null)
            {
                return;
            }

            BlockResult result = old.IsReadOnly ? BlockResult.Ok : old.FlushLast();
            if (result != BlockResult.Ok)
            {
                Report(new BlockFault(Name, BlockOperation.Flush, 0, 0, result, Text: old.FailureText));
            }

            old.Dispose();
        }
    }

    /// <summary>Refuses to save a machine with a disk that will not be the same again.</summary>
    /// <exception cref="SosiaException">It is one.</exception>
    internal static void RequireReproducible(string name, IBlockBackend? medium)
    {
        if (medium is { IsReproducible: false })
        {
            throw new SosiaException($"The drive '{name}' shows a folder that the guest may write to, which cannot be part of a saved machine; take the drive out, or show the folder read-only.");
        }
    }

    // Under the gate.
    private BlockResult Check(ulong byteOffset, ulong byteCount)
        => _medium is null ? BlockResult.NoMedium
            : byteCount <= _medium.ByteCount && byteOffset <= _medium.ByteCount - byteCount ? BlockResult.Ok : BlockResult.OutOfRange;

    private BlockResult Judge(BlockOperation operation, ulong byteOffset, ulong byteCount, BlockResult result)
    {
        if (result is BlockResult.Ok or BlockResult.NoMedium or BlockResult.OutOfRange)
        {
            return result;
        }

        bool stops = _policy.Stops(operation, result);
        Report(new BlockFault(Name, operation, byteOffset, byteCount, result, stops, Volatile.Read(ref _medium)?.FailureText));
        return stops ? BlockResult.Stopped : result;
    }

    private void Report(in BlockFault fault)
    {
        // A guest that writes to a protected medium is told so by its controller; the host has not failed.
        if (fault.Result != BlockResult.ReadOnly || !IsReadOnly)
        {
            HostFaultCount++;
            HostFault?.Invoke(fault);
        }
    }
}
