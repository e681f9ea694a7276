using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Virtio;

/// <summary>
/// Shows a virtio device as a block of memory-mapped registers with one level-triggered interrupt line (virtio 1.1, section 4.2,
/// register layout version 2). A machine maps <see cref="ByteCount"/> bytes.
/// </summary>
public sealed class VirtioMmioTransport : IDoorbellDevice, IVirtioTransport, ISnapshotable
{
    /// <summary>How much address space a device takes, in bytes.</summary>
    public const ulong ByteCount = 0x200;

    private const uint Magic = 0x7472_6976;
    private const uint LayoutVersion = 2;
    private const uint InterruptUsedBuffer = 1;
    private const uint InterruptConfiguration = 2;

    private const int MagicValue = 0x000;
    private const int Version = 0x004;
    private const int DeviceId = 0x008;
    private const int VendorId = 0x00c;
    private const int DeviceFeatures = 0x010;
    private const int DeviceFeaturesSel = 0x014;
    private const int DriverFeatures = 0x020;
    private const int DriverFeaturesSel = 0x024;
    private const int QueueSel = 0x030;
    private const int QueueNumMax = 0x034;
    private const int QueueNum = 0x038;
    private const int QueueReady = 0x044;
    private const int QueueNotify = 0x050;
    private const int InterruptStatus = 0x060;
    private const int InterruptAck = 0x064;
    private const int Status = 0x070;
    private const int QueueDescLow = 0x080;
    private const int QueueDescHigh = 0x084;
    private const int QueueDriverLow = 0x090;
    private const int QueueDriverHigh = 0x094;
    private const int QueueDeviceLow = 0x0a0;
    private const int QueueDeviceHigh = 0x0a4;
    private const int SharedMemorySel = 0x0ac;
    private const int SharedMemoryFirst = 0x0b0;
    private const int SharedMemoryLast = 0x0bc;
    private const int ConfigGeneration = 0x0fc;
    private const int ConfigurationSpace = 0x100;

    private readonly VirtioDevice _device;
    private readonly IrqLine _line;
    private uint _deviceFeaturesSel;
    private uint _driverFeaturesSel;
    private uint _queueSel;
    private uint _interruptStatus;

    /// <summary>Attaches a device.</summary>
    /// <param name="device">The device; it must have no other transport.</param>
    /// <param name="line">Its interrupt line, level-triggered, active high.</param>
    public VirtioMmioTransport(VirtioDevice device, IrqLine line)
    {
        _device = device;
        _line = line;
        device.Transport = this;
    }

    /// <inheritdoc/>
    public IEnumerable<Doorbell> Doorbells
    {
        get
        {
            for (int queue = 0; queue < _device.QueueCount; queue++)
            {
                yield return new Doorbell(QueueNotify, 4, (ulong)queue);
            }
        }
    }

    /// <inheritdoc/>
    public string SnapshotName => _device.Name + ".mmio";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <inheritdoc/>
    public void RaiseQueueInterrupt(int queueIndex) => Raise(InterruptUsedBuffer);

    /// <inheritdoc/>
    public void RaiseConfigurationInterrupt() => Raise(InterruptConfiguration);

    /// <inheritdoc/>
    public void DeviceWasReset()
    {
        _deviceFeaturesSel = 0;
        _driverFeaturesSel = 0;
        _queueSel = 0;
        _interruptStatus = 0;
        _line.Set(false);
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        if (offset >= ConfigurationSpace)
        {
            return _device.ReadConfiguration(offset - ConfigurationSpace, byteCount);
        }

        if (byteCount != 4 || offset % 4 != 0)
        {
            _device.ReportMisuse("register not read as an aligned 32-bit word", offset);
            return 0;
        }

        switch ((int)offset)
        {
            case MagicValue:
                return Magic;
            case Version:
                return LayoutVersion;
            case DeviceId:
                return _device.DeviceId;
            case VendorId:
                return VirtioDevice.VendorId;
            case DeviceFeatures:
                return VirtioDevice.FeatureHalf(_device.OfferedFeatures, _deviceFeaturesSel);
            case QueueNumMax:
                return SelectedQueue()?.MaxSize ?? 0u;
            case QueueReady:
                return SelectedQueue()?.IsEnabled == true ? 1u : 0u;
            case InterruptStatus:
                return _interruptStatus;
            case Status:
                return (uint)_device.Status;
            case >= SharedMemoryFirst and <= SharedMemoryLast:
                // There are no shared memory regions: length and base of every one read as all ones.
                return 0xffff_ffff;
            case ConfigGeneration:
                return _device.ConfigurationGeneration;
            default:
                _device.ReportMisuse("write-only or missing register read", offset);
                return 0;
        }
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        if (offset >= ConfigurationSpace)
        {
            _device.WriteConfiguration(offset - ConfigurationSpace, byteCount, value);
            return;
        }

        if (byteCount != 4 || offset % 4 != 0)
        {
            _device.ReportMisuse("register not written as an aligned 32-bit word", offset);
            return;
        }

        uint word = (uint)value;
        switch ((int)offset)
        {
            case DeviceFeaturesSel:
                _deviceFeaturesSel = word;
                break;
            case DriverFeatures:
                _device.WriteDriverFeatures(_driverFeaturesSel, word);
                break;
            case DriverFeaturesSel:
                _driverFeaturesSel = word;
                break;
            case QueueSel:
                _queueSel = word;
                break;
            case QueueNotify:
                _device.Notify(word);
                break;
            case InterruptAck:
                _interruptStatus &= ~word;
                _line.Set(_interruptStatus != 0);
                break;
            case Status:
                _device.WriteStatus((byte)word);
                break;
            case SharedMemorySel:
                break;
            default:
                WriteQueueRegister((int)offset, word);
                break;
        }
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("deviceFeaturesSel", _deviceFeaturesSel);
        writer.Write("driverFeaturesSel", _driverFeaturesSel);
        writer.Write("queueSel", _queueSel);
        writer.Write("interruptStatus", _interruptStatus);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);

        _deviceFeaturesSel = reader.ReadUInt32("deviceFeaturesSel");
        _driverFeaturesSel = reader.ReadUInt32("driverFeaturesSel");
        _queueSel = reader.ReadUInt32("queueSel");
        _interruptStatus = reader.ReadUInt32("interruptStatus");
        _line.RestoreLevel(_interruptStatus != 0);
    }

    private void WriteQueueRegister(int offset, uint word)
    {
        VirtQueue? queue = SelectedQueue();
        if (queue is null)
        {
            _device.ReportMisuse("read-only or missing register written, or no such queue selected", (ulong)offset);
            return;
        }

        switch (offset)
        {
            case QueueNum:
                queue.SetSize(word);
                break;
            case QueueReady:
                queue.SetEnabled((word & 1) != 0);
                break;
            case QueueDescLow or QueueDescHigh or QueueDriverLow or QueueDriverHigh or QueueDeviceLow or QueueDeviceHigh:
                queue.SetAddressHalf((VirtQueueArea)((offset - QueueDescLow) / 16), isHigh: (offset & 4) != 0, word);
                break;
            default:
                _device.ReportMisuse("read-only or missing register written", (ulong)offset);
                break;
        }
    }

    private VirtQueue? SelectedQueue() => _queueSel < (uint)_device.QueueCount ? _device.Queue((int)_queueSel) : null;

    private void Raise(uint cause)
    {
        _interruptStatus |= cause;
        _line.Set(true);
    }
}
