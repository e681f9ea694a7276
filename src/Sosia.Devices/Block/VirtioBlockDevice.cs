using System;
using System.Collections.Generic;
using System.Numerics;
using System.Text;
using Sosia.Core;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Devices.Virtio;
using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>A virtio block device (virtio 1.1, section 5.2, with the discard and write-zeroes commands).</summary>
public sealed class VirtioBlockDevice : VirtioDevice, IDisposable
{
    /// <summary>The size of each request queue in descriptors.</summary>
    public const ushort QueueSize = 256;

    internal const ulong FeatureSegMax = 1UL << 2;
    internal const ulong FeatureReadOnly = 1UL << 5;
    internal const ulong FeatureBlockSize = 1UL << 6;
    internal const ulong FeatureFlush = 1UL << 9;
    internal const ulong FeatureTopology = 1UL << 10;
    internal const ulong FeatureConfigurableWriteCache = 1UL << 11;
    internal const ulong FeatureMultiQueue = 1UL << 12;
    internal const ulong FeatureDiscard = 1UL << 13;
    internal const ulong FeatureWriteZeroes = 1UL << 14;

    // Limits that keep one request from holding the machine for long.
    internal const uint MaxDiscardSectors = 0x40_0000;
    internal const uint MaxDiscardSegments = 32;
    internal const uint MaxWriteZeroesSectors = 0x4_0000;
    internal const uint MaxWriteZeroesSegments = 1;
    internal const ulong MaxRequestByteCount = 256 * 1024 * 1024;

    // Like RequestsPerTurn: how much data moves before the guest gets its turn.
    private const ulong BytesPerTurn = 64 * 1024 * 1024;

    private const int ConfigurationSize = 60;
    private const int CapacityOffset = 0;
    private const int SegMaxOffset = 12;
    private const int BlockSizeOffset = 20;
    private const int PhysicalBlockExponentOffset = 24;
    private const int MinIoSizeOffset = 26;
    private const int OptimalIoSizeOffset = 28;
    private const int WritebackOffset = 32;
    private const int QueueCountOffset = 34;
    private const int MaxDiscardSectorsOffset = 36;
    private const int MaxDiscardSegmentsOffset = 40;
    private const int DiscardAlignmentOffset = 44;
    private const int MaxWriteZeroesSectorsOffset = 48;
    private const int MaxWriteZeroesSegmentsOffset = 52;
    private const int WriteZeroesMayUnmapOffset = 56;

    private readonly IBlockRunner _runner;
    private readonly byte[] _id = new byte[VirtioBlockRequest.IdByteCount];
    private readonly List<VirtioBlockRequest> _inFlight = [];
    private readonly Stack<VirtioBlockRequest> _free = new();

    // Requests that must be run again after the guest's next instruction: those of a restored snapshot, and those for which the machine stops.
    // They were taken from the rings but not returned.
    private List<VirtioBlockRequest> _toResubmit = [];
    private List<VirtioBlockRequest> _resubmitting = [];

    // While a queue is served its driver is told once, at the end.
    private bool _isServicing;

    /// <summary>Creates a disk.</summary>
    /// <param name="context">The machine's parts that it uses.</param>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="backend">Its contents; the device owns it.</param>
    /// <param name="id">What the guest sees as serial number; at most 20 ASCII characters.</param>
    /// <param name="queueCount">How many request queues, 1 to 64.</param>
    /// <param name="runner">Where requests run; null for at once on the machine's thread.</param>
    public VirtioBlockDevice(VirtioContext context, string name, IBlockBackend backend, string id, int queueCount = 1, IBlockRunner? runner = null)
        : base(context, name, VirtioDeviceId.Block, FeaturesFor(backend, queueCount), ConfigurationSize, QueueSizes(queueCount))
    {
        Ram = context.Memory.Ram;
        Backend = backend;
        SectorCount = backend.ByteCount / VirtioBlockRequest.SectorByteCount;
        IsReadOnly = backend.IsReadOnly;
        _runner = runner ?? InlineBlockRunner.Instance;
        Encoding.ASCII.GetBytes(id.AsSpan(0, Math.Min(id.Length, _id.Length)), _id);
        FillConfiguration();
    }

    /// <summary>Told, on the machine's thread, of failures of the host.</summary>
    public Action<BlockFault>? HostFault { get; set; }

    /// <summary>What becomes of failures of the host.</summary>
    public BlockErrorPolicy ErrorPolicy { get; init; } = BlockErrorPolicy.Default;

    /// <summary>How often the host has failed to do what a request asked for.</summary>
    public long HostFaultCount { get; private set; }

    /// <summary>The disk's size in sectors of 512 bytes.</summary>
    public ulong SectorCount { get; }

    /// <summary>True when the guest may not write.</summary>
    public bool IsReadOnly { get; }

    internal IBlockBackend Backend { get; }

    internal GuestRam Ram { get; }

    internal ReadOnlySpan<byte> Id => _id;

    // Virtio 1.1, section 5.2.5: a driver that cannot flush gets a disk without a volatile cache.
    internal bool IsWriteBack => HasFeature(FeatureConfigurableWriteCache) ? Configuration[WritebackOffset] != 0 : HasFeature(FeatureFlush);

    /// <summary>Returns an executed request to the driver; on the machine's thread.</summary>
    public void Complete(VirtioBlockRequest request)
    {
        bool isAbandoned = request.IsAbandoned;
        if (request.Fault.Result != BlockResult.Ok)
        {
            bool stops = !isAbandoned && ErrorPolicy.Stops(request.Fault.Operation, request.Fault.Result);
            HostFaultCount++;
            HostFault?.Invoke(request.Fault with { StopsMachine = stops });
            if (stops)
            {
                // It stays in flight and runs again when the machine goes on.
                _toResubmit.Add(request);
                DeferToBoundary();
                return;
            }
        }

        Release(request);

        if (isAbandoned)
        {
            return;
        }

        DescriptorChain chain = request.Chain;
        ulong statusPosition = chain.WritableByteCount - 1;
        if (request.TouchedBadMemory || !chain.TryWrite(statusPosition, [request.Status]))
        {
            Break("request buffer outside RAM", chain.Head);
            return;
        }

        // The used length counts bytes from the start of the writable part, of which the status is the last.
        bool reachesStatus = request.DataByteCount == statusPosition;
        VirtQueue queue = Queue(request.QueueIndex);
        queue.Push(chain.Head, request.DataByteCount + (reachesStatus ? 1u : 0u));
        if (!_isServicing)
        {
            queue.Signal();
        }
    }

    /// <summary>Closes the backend, after a last flush.</summary>
    public void Dispose()
    {
        if (!IsReadOnly)
        {
            BlockResult result = Backend.FlushLast();
            if (result != BlockResult.Ok)
            {
                HostFaultCount++;
                HostFault?.Invoke(new BlockFault(Name, BlockOperation.Flush, 0, 0, result, Text: Backend.FailureText));
            }
        }

        Backend.Dispose();
    }

    /// <inheritdoc/>
    protected override bool ServiceQueue(VirtQueue queue)
    {
        _isServicing = true;
        bool more = TakeRequests(queue);
        _isServicing = false;
        return more;
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        AbandonRequests();
        Configuration[WritebackOffset] = 1;
    }

    /// <inheritdoc/>
    protected override void OnContinue()
    {
        // A request may have to wait again.
        (_toResubmit, _resubmitting) = (_resubmitting, _toResubmit);
        foreach (VirtioBlockRequest request in _resubmitting)
        {
            if (IsRunning && Queue(request.QueueIndex).TryFetch(request.Chain, request.Chain.Head) && HasShape(request.Chain))
            {
                _runner.Submit(request);
            }
            else
            {
                Release(request);
            }
        }

        _resubmitting.Clear();
    }

    /// <inheritdoc/>
    protected override bool TryWriteConfiguration(int offset, int byteCount, ulong value)
    {
        if (offset != WritebackOffset || byteCount != 1 || value > 1 || !HasFeature(FeatureConfigurableWriteCache))
        {
            return false;
        }

        Configuration[WritebackOffset] = (byte)value;
        return true;
    }

    /// <inheritdoc/>
    protected override void SaveDevice(SnapshotWriter writer)
    {
        BlockDrive.RequireReproducible(Name, Backend);
        int count = 0;
        foreach (VirtioBlockRequest request in _inFlight)
        {
            if (!request.IsAbandoned)
            {
                writer.Write($"inFlight{count}.queue", request.QueueIndex);
                writer.Write($"inFlight{count}.head", request.Chain.Head);
                count++;
            }
        }

        writer.Write("inFlightCount", count);
        writer.Write("byteCount", Backend.ByteCount);
    }

    /// <inheritdoc/>
    protected override void RestoreDevice(SnapshotReader reader)
    {
        if (reader.ReadUInt64("byteCount") != Backend.ByteCount)
        {
            throw new SosiaException($"The snapshot's disk '{Name}' has {reader.ReadUInt64("byteCount")} bytes, but the given one has {Backend.ByteCount}; give the disk that the snapshot was taken with.");
        }

        AbandonRequests();
        int count = reader.ReadInt32("inFlightCount");
        for (int i = 0; i < count; i++)
        {
            int queueIndex = reader.ReadInt32($"inFlight{i}.queue");
            if (queueIndex < 0 || queueIndex >= QueueCount)
            {
                throw new SosiaException($"The snapshot's section '{Name}' is damaged: it has a request in queue {queueIndex}.");
            }

            VirtioBlockRequest request = Take(queueIndex);
            request.Chain.Begin(reader.ReadUInt16($"inFlight{i}.head"));
            _inFlight.Add(request);
            _toResubmit.Add(request);
        }

        if (count != 0)
        {
            DeferToBoundary();
        }
    }

    private static ulong FeaturesFor(IBlockBackend backend, int queueCount)
    {
        ulong features = FeatureSegMax | FeatureBlockSize | FeatureFlush | FeatureTopology | FeatureConfigurableWriteCache;
        features |= backend.IsReadOnly ? FeatureReadOnly : FeatureDiscard | FeatureWriteZeroes;
        return queueCount > 1 ? features | FeatureMultiQueue : features;
    }

    private static ushort[] QueueSizes(int queueCount)
    {
        ushort[] sizes = new ushort[queueCount];
        Array.Fill(sizes, QueueSize);
        return sizes;
    }

    // A header of 16 bytes to read and a status byte to write is the least; where descriptors begin and end does not matter.
    private static bool HasShape(DescriptorChain chain)
        => chain.ReadableByteCount >= VirtioBlockRequest.HeaderByteCount && chain.WritableByteCount >= 1;

    private bool TakeRequests(VirtQueue queue)
    {
        ulong byteCount = 0;
        for (int i = 0; i < RequestsPerTurn && byteCount < BytesPerTurn; i++)
        {
            VirtioBlockRequest request = Take(queue.Index);
            if (!queue.TryPop(request.Chain))
            {
                _free.Push(request);
                return false;
            }

            if (!HasShape(request.Chain))
            {
                _free.Push(request);
                Break("request without header or status", request.Chain.Head);
                return false;
            }

            byteCount += request.Chain.ReadableByteCount + request.Chain.WritableByteCount;
            _inFlight.Add(request);
            _runner.Submit(request);
        }

        return true;
    }

    private void AbandonRequests()
    {
        foreach (VirtioBlockRequest request in _toResubmit)
        {
            Release(request);
        }

        _toResubmit.Clear();
        foreach (VirtioBlockRequest request in _inFlight)
        {
            request.IsAbandoned = true;
        }
    }

    private VirtioBlockRequest Take(int queueIndex)
    {
        VirtioBlockRequest request = _free.Count != 0 ? _free.Pop() : new VirtioBlockRequest(this, new DescriptorChain(Memory));
        request.QueueIndex = queueIndex;
        request.IsAbandoned = false;
        return request;
    }

    private void Release(VirtioBlockRequest request)
    {
        _inFlight.Remove(request);
        _free.Push(request);
    }

    private void FillConfiguration()
    {
        int blockExponent = BitOperations.Log2((uint)(Backend.PhysicalBlockByteCount / Backend.LogicalBlockByteCount));
        SetConfiguration64(CapacityOffset, SectorCount);
        SetConfiguration32(SegMaxOffset, QueueSize - 2);
        SetConfiguration32(BlockSizeOffset, (uint)Backend.LogicalBlockByteCount);
        Configuration[PhysicalBlockExponentOffset] = (byte)blockExponent;
        SetConfiguration16(MinIoSizeOffset, 1);
        SetConfiguration32(OptimalIoSizeOffset, 0);
        Configuration[WritebackOffset] = 1;
        SetConfiguration16(QueueCountOffset, (ushort)QueueCount);
        if (!IsReadOnly)
        {
            SetConfiguration32(MaxDiscardSectorsOffset, MaxDiscardSectors);
            SetConfiguration32(MaxDiscardSegmentsOffset, MaxDiscardSegments);
            SetConfiguration32(DiscardAlignmentOffset, (uint)(Backend.PhysicalBlockByteCount / VirtioBlockRequest.SectorByteCount));
            SetConfiguration32(MaxWriteZeroesSectorsOffset, MaxWriteZeroesSectors);
            SetConfiguration32(MaxWriteZeroesSegmentsOffset, MaxWriteZeroesSegments);
            Configuration[WriteZeroesMayUnmapOffset] = 1;
        }
    }
}
