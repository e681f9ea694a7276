using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Virtio;

/// <summary>
/// Shows a virtio device as a PCI function without the legacy interface (virtio 1.1, section 4.1): one memory BAR with the four
/// register groups, MSI-X with one vector per queue and one for configuration changes, INTA otherwise.
/// </summary>
public sealed class VirtioPciFunction : PciFunction, IDoorbellDevice, IVirtioTransport
{
    /// <summary>The PCI vendor id of virtio devices.</summary>
    public const ushort PciVendorId = 0x1af4;

    private const ushort FirstPciDeviceId = 0x1040;
    private const ushort PciSubsystemId = 0x1100;
    private const byte ModernRevision = 1;
    private const int RegisterBar = 0;
    private const int MsixBar = 1;
    private const int RegisterByteCount = 0x4000;

    // Where the register groups lie in the BAR: a page each, so that a guest can map them apart.
    private const int CommonOffset = 0x0000;
    private const int CommonByteCount = 56;
    private const int QueueAddresses = 0x20;
    private const int IsrOffset = 0x1000;
    private const int IsrByteCount = 1;
    private const int DeviceOffset = 0x2000;
    private const int DeviceByteCount = 0x1000;
    private const int NotifyOffset = 0x3000;
    private const int NotifyMultiplier = 4;

    private const byte VendorCapability = 0x09;
    private const byte CapabilityCommon = 1;
    private const byte CapabilityNotify = 2;
    private const byte CapabilityIsr = 3;
    private const byte CapabilityDevice = 4;
    private const byte CapabilityPciAccess = 5;

    private const byte IsrQueue = 1;
    private const byte IsrConfiguration = 2;
    private const ushort NoVector = 0xffff;

    private readonly VirtioDevice _device;
    private readonly ushort[] _queueVectors;
    private readonly int _accessCapability;
    private ushort _configurationVector = NoVector;
    private uint _deviceFeatureSelect;
    private uint _driverFeatureSelect;
    private ushort _queueSelect;
    private byte _isr;

    /// <summary>Attaches a device.</summary>
    /// <param name="device">The device; it must have no other transport.</param>
    public VirtioPciFunction(VirtioDevice device)
        : base(device.Name + ".pci", Identify(device), interruptPin: 1)
    {
        _device = device;
        _queueVectors = new ushort[device.QueueCount];
        Array.Fill(_queueVectors, NoVector);
        AddMemoryBar(RegisterBar, RegisterByteCount, this);
        AddMsix(device.QueueCount + 1, MsixBar);
        AddVirtioCapability(CapabilityCommon, 16, CommonOffset, CommonByteCount);
        AddVirtioCapability(CapabilityIsr, 16, IsrOffset, IsrByteCount);
        AddVirtioCapability(CapabilityDevice, 16, DeviceOffset, DeviceByteCount);
        int notify = AddVirtioCapability(CapabilityNotify, 20, NotifyOffset, (uint)(device.QueueCount * NotifyMultiplier));
        DefineUInt32(notify + 16, NotifyMultiplier, 0);
        _accessCapability = AddVirtioCapability(CapabilityPciAccess, 20, 0, 0);
        DefineByte(_accessCapability + 4, 0, 0xff);
        DefineUInt32(_accessCapability + 8, 0, 0xffff_ffff);
        DefineUInt32(_accessCapability + 12, 0, 0xffff_ffff);
        DefineUInt32(_accessCapability + 16, 0, 0xffff_ffff);
        device.Transport = this;
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _device.Reset();
    }

    /// <inheritdoc/>
    public void RaiseQueueInterrupt(int queueIndex)
    {
        if (Msix!.IsEnabled)
        {
            Msix.Raise(_queueVectors[queueIndex]);
            return;
        }

        _isr |= IsrQueue;
        UpdatePin();
    }

    /// <inheritdoc/>
    public void RaiseConfigurationInterrupt()
    {
        // Section 4.1.4.5.1: unlike the queue bit, this one is set also when MSI-X is in use.
        _isr |= IsrConfiguration;
        UpdatePin();
        Msix!.Raise(_configurationVector);
    }

    /// <inheritdoc/>
    public void DeviceWasReset()
    {
        _deviceFeatureSelect = 0;
        _driverFeatureSelect = 0;
        _queueSelect = 0;
        _configurationVector = NoVector;
        Array.Fill(_queueVectors, NoVector);
        _isr = 0;
        UpdatePin();
    }

    /// <inheritdoc/>
    public IEnumerable<Doorbell> Doorbells
    {
        get
        {
            for (int queue = 0; queue < _device.QueueCount; queue++)
            {
                // Virtio 1.1, 4.1.5.2: a driver writes the queue's number in 16 bits.
                yield return new Doorbell(NotifyOffset + ((ulong)queue * NotifyMultiplier), 2, null);
            }
        }
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        switch (offset)
        {
            case < IsrOffset:
                return byteCount == 8
                    ? ReadCommon((int)offset, 4) | ((ulong)ReadCommon((int)offset + 4, 4) << 32)
                    : ReadCommon((int)offset, byteCount);
            case IsrOffset:
                byte isr = _isr;
                _isr = 0;
                UpdatePin();
                return isr;
            case >= DeviceOffset and < DeviceOffset + DeviceByteCount:
                return _device.ReadConfiguration(offset - DeviceOffset, byteCount);
            default:
                // Notification addresses are for writing; the rest is empty.
                return 0;
        }
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        switch (offset)
        {
            case < IsrOffset when byteCount == 8:
                WriteCommon((int)offset, 4, (uint)value);
                WriteCommon((int)offset + 4, 4, (uint)(value >> 32));
                break;
            case < IsrOffset:
                WriteCommon((int)offset, byteCount, (uint)value);
                break;
            case >= NotifyOffset when !IsBusMaster:
                _device.ReportMisuse("notification of a function that may not access memory", offset);
                break;
            case >= NotifyOffset:
                _device.Notify((uint)(offset - NotifyOffset) / NotifyMultiplier);
                break;
            case >= DeviceOffset:
                _device.WriteConfiguration(offset - DeviceOffset, byteCount, value);
                break;
            default:
                _device.ReportMisuse("read-only register written", offset);
                break;
        }
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        writer.Write("deviceFeatureSelect", _deviceFeatureSelect);
        writer.Write("driverFeatureSelect", _driverFeatureSelect);
        writer.Write("queueSelect", _queueSelect);
        writer.Write("isr", _isr);
        writer.Write("configurationVector", _configurationVector);
        for (int i = 0; i < _queueVectors.Length; i++)
        {
            writer.Write($"queue{i}.vector", _queueVectors[i]);
        }
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);

        base.Restore(reader);
        _deviceFeatureSelect = reader.ReadUInt32("deviceFeatureSelect");
        _driverFeatureSelect = reader.ReadUInt32("driverFeatureSelect");
        _queueSelect = reader.ReadUInt16("queueSelect");
        _isr = reader.ReadByte("isr");
        _configurationVector = reader.ReadUInt16("configurationVector");
        for (int i = 0; i < _queueVectors.Length; i++)
        {
            _queueVectors[i] = reader.ReadUInt16($"queue{i}.vector");
        }
    }

    /// <inheritdoc/>
    protected override byte ReadConfigurationByte(int offset)
    {
        // Section 4.1.4.9: reading pci_cfg_data reads the BAR. A read of several bytes comes as single bytes, lowest first: the first
        // one makes the access, the others return its rest.
        if (offset == _accessCapability + 16 && FindAccess(out ulong barOffset, out int byteCount))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Configuration[offset..], (uint)ReadMmio(barOffset, byteCount));
        }

        return base.ReadConfigurationByte(offset);
    }

    /// <inheritdoc/>
    protected override void ConfigurationWritten(int offset, int byteCount)
    {
        // MSI-X may have been switched on or off.
        UpdatePin();
        if (offset == _accessCapability + 16 && FindAccess(out ulong barOffset, out int accessByteCount) && byteCount == accessByteCount)
        {
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(Configuration[offset..]);
            WriteMmio(barOffset, byteCount, byteCount == 4 ? value : value & ((1u << (8 * byteCount)) - 1));
        }
    }

    private static PciIdentity Identify(VirtioDevice device)
    {
        uint classCode = device.DeviceId switch
        {
            VirtioDeviceId.Network => 0x02_0000,
            VirtioDeviceId.Block => 0x01_0000,
            VirtioDeviceId.Console => 0x07_8000,
            _ => 0x00_ff00,
        };
        return new PciIdentity(PciVendorId, (ushort)(FirstPciDeviceId + device.DeviceId), classCode, ModernRevision, PciVendorId, PciSubsystemId);
    }

    // struct virtio_pci_cap, section 4.1.4.
    private int AddVirtioCapability(byte type, byte byteCount, uint barOffset, uint length)
    {
        int capability = AddCapability(VendorCapability, byteCount);
        DefineByte(capability + 2, byteCount, 0);
        DefineByte(capability + 3, type, 0);
        DefineByte(capability + 4, RegisterBar, 0);
        DefineUInt32(capability + 8, barOffset, 0);
        DefineUInt32(capability + 12, length, 0);
        return capability;
    }

    private bool FindAccess(out ulong barOffset, out int byteCount)
    {
        barOffset = BinaryPrimitives.ReadUInt32LittleEndian(Configuration[(_accessCapability + 8)..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(Configuration[(_accessCapability + 12)..]);
        byteCount = (int)length;
        return length is 1 or 2 or 4 && barOffset % length == 0 && barOffset + length <= RegisterByteCount
            && Configuration[_accessCapability + 4] == RegisterBar;
    }

    private void UpdatePin() => SetInterrupt(_isr != 0 && !Msix!.IsEnabled);

    private VirtQueue? SelectedQueue => _queueSelect < _device.QueueCount ? _device.Queue(_queueSelect) : null;

    // struct virtio_pci_common_cfg, section 4.1.4.3. Fields are accessed with their own width, 64-bit ones by halves.
    private uint ReadCommon(int offset, int byteCount)
    {
        VirtQueue? queue = SelectedQueue;
        switch (offset, byteCount)
        {
            case (0x00, 4):
                return _deviceFeatureSelect;
            case (0x04, 4):
                return VirtioDevice.FeatureHalf(_device.OfferedFeatures, _deviceFeatureSelect);
            case (0x08, 4):
                return _driverFeatureSelect;
            case (0x0c, 4):
                return VirtioDevice.FeatureHalf(_device.DriverFeatures, _driverFeatureSelect);
            case (0x10, 2):
                return _configurationVector;
            case (0x12, 2):
                return (uint)_device.QueueCount;
            case (0x14, 1):
                return (uint)_device.Status;
            case (0x15, 1):
                return _device.ConfigurationGeneration;
            case (0x16, 2):
                return _queueSelect;
            case (0x18, 2):
                return queue?.Size ?? 0u;
            case (0x1a, 2):
                return queue is null ? NoVector : _queueVectors[_queueSelect];
            case (0x1c, 2):
                return queue?.IsEnabled == true ? 1u : 0u;
            case (0x1e, 2):
                return queue is null ? 0u : _queueSelect;
            case ( >= QueueAddresses and < CommonByteCount, 4) when offset % 4 == 0:
                return queue?.AddressHalf((VirtQueueArea)((offset - QueueAddresses) / 8), isHigh: (offset & 4) != 0) ?? 0;
            case ( < 0x10 or (>= QueueAddresses and < CommonByteCount), 1 or 2) when offset % byteCount == 0:
                // Not what the specification wants of drivers, but iPXE read the features so until 2023.
                return (ReadCommon(offset & ~3, 4) >> (8 * (offset & 3))) & (byteCount == 1 ? 0xffu : 0xffff);
            default:
                _device.ReportMisuse("common configuration read with a wrong offset or width", (ulong)offset);
                return 0;
        }
    }

    private void WriteCommon(int offset, int byteCount, uint value)
    {
        switch (offset, byteCount)
        {
            case (0x00, 4):
                _deviceFeatureSelect = value;
                break;
            case (0x08, 4):
                _driverFeatureSelect = value;
                break;
            case (0x0c, 4):
                _device.WriteDriverFeatures(_driverFeatureSelect, value);
                break;
            case (0x10, 2):
                _configurationVector = CheckVector(value);
                break;
            case (0x14, 1):
                _device.WriteStatus((byte)value);
                break;
            case (0x16, 2):
                _queueSelect = (ushort)value;
                break;
            default:
                WriteQueueField(offset, byteCount, value);
                break;
        }
    }

    private void WriteQueueField(int offset, int byteCount, uint value)
    {
        VirtQueue? queue = SelectedQueue;
        if (queue is null)
        {
            _device.ReportMisuse("queue that does not exist configured", _queueSelect);
            return;
        }

        switch (offset, byteCount)
        {
            case (0x18, 2):
                queue.SetSize(value);
                break;
            case (0x1a, 2):
                _queueVectors[_queueSelect] = CheckVector(value);
                break;
            case (0x1c, 2) when value == 1:
                queue.SetEnabled(true);
                break;
            case ( >= QueueAddresses and < CommonByteCount, 4) when offset % 4 == 0:
                queue.SetAddressHalf((VirtQueueArea)((offset - QueueAddresses) / 8), isHigh: (offset & 4) != 0, value);
                break;
            default:
                _device.ReportMisuse("common configuration written with a wrong offset, width or value", (ulong)offset);
                break;
        }
    }

    // Section 4.1.5.1.2.1: a vector that cannot be had reads back as none.
    private ushort CheckVector(uint vector) => vector < (uint)Msix!.VectorCount ? (ushort)vector : NoVector;
}
