using System;
using System.Buffers.Binary;
using System.Numerics;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.Virtio;

/// <summary>
/// A modern virtio device (virtio 1.1) without its transport: features, status, configuration space, queues and reset. All members
/// are for the machine's thread.
/// </summary>
public abstract class VirtioDevice : ISnapshotable
{
    /// <summary>
    /// How many requests a device serves at one go. A guest that keeps a queue full (or makes the device refill its own rings by DMA)
    /// gets the processor back after that many; the rest follows at the next instruction boundary.
    /// </summary>
    public const int RequestsPerTurn = 64;

    /// <summary>The vendor id that transports without their own vendor registry show: "SOSI" in ASCII.</summary>
    public const uint VendorId = 0x4953_4f53;

    private readonly VirtioContext _context;
    private readonly VirtQueue[] _queues;
    private readonly byte[] _configuration;
    private readonly ClockTimer _continuation;
    private ulong _deferredQueues;

    /// <summary>Creates a device in its reset state.</summary>
    /// <param name="context">The machine's parts that it uses.</param>
    /// <param name="name">Its name, unique in the machine: the snapshot section, and the source of misuse reports.</param>
    /// <param name="deviceId">Its type, of <see cref="VirtioDeviceId"/>.</param>
    /// <param name="features">The device type's feature bits; the common ones are added.</param>
    /// <param name="configurationByteCount">The size of its configuration space.</param>
    /// <param name="queueSizes">The largest size of each queue, a power of two up to 1024; at most 64 queues.</param>
    protected VirtioDevice(VirtioContext context, string name, ushort deviceId, ulong features, int configurationByteCount, ReadOnlySpan<ushort> queueSizes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(queueSizes.Length, 64);
        _context = context;
        Name = name;
        DeviceId = deviceId;
        OfferedFeatures = features | VirtioFeatures.Common;
        _configuration = new byte[configurationByteCount];
        _continuation = context.Clock.CreateTimer(name, Continue);
        _queues = new VirtQueue[queueSizes.Length];
        for (int i = 0; i < _queues.Length; i++)
        {
            ushort size = queueSizes[i];
            if (size > DescriptorChain.MaxDescriptors || !BitOperations.IsPow2(size))
            {
                throw new ArgumentOutOfRangeException(nameof(queueSizes), "A queue size is a power of two up to 1024.");
            }

            _queues[i] = new VirtQueue(this, context.Memory, i, size);
        }
    }

    /// <summary>The device's name, unique in its machine.</summary>
    public string Name { get; }

    /// <summary>The device type, of <see cref="VirtioDeviceId"/>.</summary>
    public ushort DeviceId { get; }

    /// <summary>The feature bits that the device offers.</summary>
    public ulong OfferedFeatures { get; }

    /// <summary>The feature bits that the driver chose; final once <see cref="VirtioStatus.FeaturesOk"/> is set.</summary>
    public ulong DriverFeatures { get; private set; }

    /// <summary>The device status field.</summary>
    public VirtioStatus Status { get; private set; }

    /// <summary>Changes whenever the configuration space changes by the device's doing.</summary>
    public byte ConfigurationGeneration { get; private set; }

    /// <summary>How the guest sees the device; set once by the transport.</summary>
    public IVirtioTransport? Transport { get; set; }

    /// <summary>How many queues the device has.</summary>
    public int QueueCount => _queues.Length;

    /// <summary>The size of the configuration space in bytes.</summary>
    public int ConfigurationByteCount => _configuration.Length;

    /// <summary>True when the driver is ready and nothing has gone wrong: queues may be used.</summary>
    public bool IsRunning => (Status & (VirtioStatus.DriverOk | VirtioStatus.DeviceNeedsReset)) == VirtioStatus.DriverOk;

    /// <inheritdoc/>
    public string SnapshotName => Name;

    /// <inheritdoc/>
    public virtual int SnapshotVersion => 1;

    internal bool UsesEventIndex => HasFeature(VirtioFeatures.EventIndex);

    internal bool UsesIndirectDescriptors => HasFeature(VirtioFeatures.IndirectDescriptors);

    /// <summary>Where rings and buffers lie.</summary>
    protected MemoryBus Memory => _context.Memory;

    /// <summary>The configuration space's bytes, for the device to fill.</summary>
    protected Span<byte> Configuration => _configuration;

    /// <summary>A queue by its number.</summary>
    public VirtQueue Queue(int index) => _queues[index];

    /// <summary>True when the driver has chosen all of the given feature bits.</summary>
    public bool HasFeature(ulong feature) => (DriverFeatures & feature) == feature;

    /// <summary>The driver writes the device status field.</summary>
    public void WriteStatus(byte value)
    {
        if (value == 0)
        {
            Reset();
            return;
        }

        const VirtioStatus DriverBits = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk | VirtioStatus.DriverOk | VirtioStatus.Failed;
        VirtioStatus added = (VirtioStatus)value & DriverBits & ~Status;
        if ((added & VirtioStatus.FeaturesOk) != 0 && !FeaturesAreAcceptable())
        {
            ReportMisuse("unacceptable features", DriverFeatures);
            added &= ~VirtioStatus.FeaturesOk;
        }

        if ((added & VirtioStatus.DriverOk) != 0 && ((Status | added) & VirtioStatus.FeaturesOk) == 0)
        {
            ReportMisuse("DRIVER_OK without FEATURES_OK", value);
            added &= ~VirtioStatus.DriverOk;
        }

        Status |= added;
        if ((added & VirtioStatus.DriverOk) != 0)
        {
            OnDriverReady();
        }
    }

    /// <summary>The driver chooses 32 of its feature bits.</summary>
    /// <param name="half">0 for bits 0 to 31, 1 for bits 32 to 63; others do not exist.</param>
    /// <param name="value">The bits.</param>
    public void WriteDriverFeatures(uint half, uint value)
    {
        if ((Status & VirtioStatus.FeaturesOk) != 0)
        {
            ReportMisuse("features written after FEATURES_OK", value);
        }
        else if (half < 2)
        {
            int shift = 32 * (int)half;
            DriverFeatures = (DriverFeatures & ~(0xffff_ffffUL << shift)) | ((ulong)value << shift);
        }
        else if (value != 0)
        {
            ReportMisuse("feature bits that do not exist", value);
        }
    }

    /// <summary>Reads 32 bits of a feature word.</summary>
    /// <param name="features">The feature bits.</param>
    /// <param name="half">0 for bits 0 to 31, 1 for bits 32 to 63; others read as 0.</param>
    public static uint FeatureHalf(ulong features, uint half) => half < 2 ? (uint)(features >> (32 * (int)half)) : 0;

    /// <summary>Reads the configuration space.</summary>
    /// <param name="offset">First byte; bytes beyond the end read as 0.</param>
    /// <param name="byteCount">1 to 8.</param>
    public ulong ReadConfiguration(ulong offset, int byteCount)
    {
        ulong value = 0;
        for (int i = byteCount - 1; i >= 0; i--)
        {
            ulong at = offset + (ulong)i;
            value = (value << 8) | (at < (ulong)_configuration.Length ? _configuration[at] : 0u);
        }

        return value;
    }

    /// <summary>Writes the configuration space; what is not writable does not change and counts as misuse.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="byteCount">1 to 8.</param>
    /// <param name="value">The bytes, little-endian.</param>
    public void WriteConfiguration(ulong offset, int byteCount, ulong value)
    {
        if (offset >= (ulong)_configuration.Length || !TryWriteConfiguration((int)offset, byteCount, value))
        {
            ReportMisuse("read-only configuration written", offset);
        }
    }

    /// <summary>The driver says that a queue has new requests.</summary>
    /// <param name="queueIndex">What the driver wrote; not checked yet.</param>
    public void Notify(uint queueIndex)
    {
        if (queueIndex >= (uint)_queues.Length || !_queues[queueIndex].IsEnabled)
        {
            ReportMisuse("notification of a queue that does not exist or is not enabled", queueIndex);
        }
        else if (IsRunning)
        {
            Service((int)queueIndex);
        }
        else if ((Status & VirtioStatus.DeviceNeedsReset) == 0)
        {
            ReportMisuse("notification before DRIVER_OK", queueIndex);
        }
    }

    /// <summary>Back to the power-on state, as the driver asks by writing 0 to the status, and the machine on its own reset.</summary>
    public void Reset()
    {
        Status = VirtioStatus.None;
        DriverFeatures = 0;
        _deferredQueues = 0;
        _continuation.Cancel();
        foreach (VirtQueue queue in _queues)
        {
            queue.Reset();
        }

        OnReset();
        Transport?.DeviceWasReset();
    }

    /// <summary>Counts guest misuse.</summary>
    /// <param name="what">What the guest did; constant text.</param>
    /// <param name="value">The offending value.</param>
    public void ReportMisuse(string what, ulong value) => _context.Log.GuestMisuse(Name, what, value);

    /// <summary>Stops the device until the driver resets it (DEVICE_NEEDS_RESET), because its rings or buffers make no sense.</summary>
    /// <param name="what">What the guest did; constant text.</param>
    /// <param name="value">The offending value.</param>
    public void Break(string what, ulong value)
    {
        ReportMisuse(what, value);
        if ((Status & VirtioStatus.DeviceNeedsReset) != 0)
        {
            return;
        }

        Status |= VirtioStatus.DeviceNeedsReset;
        _deferredQueues = 0;
        _continuation.Cancel();
        if ((Status & VirtioStatus.DriverOk) != 0)
        {
            Transport?.RaiseConfigurationInterrupt();
        }
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("status", (long)Status);
        writer.Write("driverFeatures", DriverFeatures);
        writer.Write("configurationGeneration", ConfigurationGeneration);
        writer.Write("configuration", _configuration);
        writer.Write("deferredQueues", _deferredQueues);
        writer.Write("continuationArmed", _continuation.IsArmed);
        writer.Write("continuationDeadline", _continuation.DeadlineNanoseconds);
        foreach (VirtQueue queue in _queues)
        {
            queue.Save(writer);
        }

        SaveDevice(writer);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);

        Status = (VirtioStatus)reader.ReadByte("status");
        DriverFeatures = reader.ReadUInt64("driverFeatures");
        ConfigurationGeneration = reader.ReadByte("configurationGeneration");
        reader.ReadBytes("configuration", _configuration);
        _deferredQueues = reader.ReadUInt64("deferredQueues");
        _continuation.Cancel();
        if (reader.ReadBoolean("continuationArmed"))
        {
            _continuation.Arm(reader.ReadInt64("continuationDeadline"));
        }

        foreach (VirtQueue queue in _queues)
        {
            queue.Restore(reader);
        }

        RestoreDevice(reader);
    }

    /// <summary>
    /// Serves a queue, up to <see cref="RequestsPerTurn"/> requests.
    /// </summary>
    /// <returns>True when it stopped although the queue may hold more that could be served now.</returns>
    protected abstract bool ServiceQueue(VirtQueue queue);

    /// <summary>The driver has become ready.</summary>
    protected virtual void OnDriverReady()
    {
    }

    /// <summary>The device was reset: drop what it was doing and set the configuration space back.</summary>
    protected virtual void OnReset()
    {
    }

    /// <summary>The machine goes on after a pause that the device asked for by <see cref="DeferToBoundary"/>.</summary>
    protected virtual void OnContinue()
    {
    }

    /// <summary>Writes the configuration space, where the device type allows it.</summary>
    /// <returns>False when the bytes are read-only or the value is illegal.</returns>
    protected virtual bool TryWriteConfiguration(int offset, int byteCount, ulong value) => false;

    /// <summary>Writes the device type's own state.</summary>
    protected abstract void SaveDevice(SnapshotWriter writer);

    /// <summary>Reads the device type's own state back.</summary>
    protected abstract void RestoreDevice(SnapshotReader reader);

    /// <summary>Serves a queue now, tells the driver, and sees to it that what is left over is served later.</summary>
    protected void Service(int queueIndex)
    {
        VirtQueue queue = _queues[queueIndex];
        if (!queue.IsEnabled || !IsRunning)
        {
            return;
        }

        bool more = ServiceQueue(queue);
        queue.Signal();
        if (more && IsRunning)
        {
            _deferredQueues |= 1UL << queueIndex;
            DeferToBoundary();
        }
    }

    /// <summary>Arranges for <see cref="OnContinue"/> (and the rest of unfinished queues) after the guest's next instruction.</summary>
    protected void DeferToBoundary()
    {
        if (!_continuation.IsArmed)
        {
            // One nanosecond ahead, so that the clock's own loop over expired timers ends and the guest gets its turn.
            _continuation.Arm(_context.Clock.NowNanoseconds + 1);
        }
    }

    /// <summary>Publishes a change that the device made to its configuration space.</summary>
    protected void ConfigurationChanged()
    {
        ConfigurationGeneration++;
        if ((Status & VirtioStatus.DriverOk) != 0)
        {
            Transport?.RaiseConfigurationInterrupt();
        }
    }

    /// <summary>Sets a 16-bit field of the configuration space.</summary>
    protected void SetConfiguration16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Configuration[offset..], value);

    /// <summary>Sets a 32-bit field of the configuration space.</summary>
    protected void SetConfiguration32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Configuration[offset..], value);

    /// <summary>Sets a 64-bit field of the configuration space.</summary>
    protected void SetConfiguration64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Configuration[offset..], value);

    private bool FeaturesAreAcceptable() => (DriverFeatures & ~OfferedFeatures) == 0 && HasFeature(VirtioFeatures.Version1);

    private void Continue()
    {
        OnContinue();
        ulong queues = _deferredQueues;
        _deferredQueues = 0;
        while (queues != 0)
        {
            Service(BitOperations.TrailingZeroCount(queues));
            queues &= queues - 1;
        }
    }
}
