using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.Usb.Hid;

/// <summary>
/// A human interface device with one interrupt endpoint (Device Class Definition for HID 1.11): a queue of reports of a fixed size, the last of which is
/// repeated at the idle rate.
/// </summary>
public abstract class HidDevice : UsbDevice
{
    private const int InputEndpoint = 1;
    private const byte ReportDescriptorType = 0x22;
    private const byte HidDescriptorType = 0x21;
    private const int HidDescriptorOffset = 18;
    private const int HidDescriptorByteCount = 9;

    private const int GetInterfaceDescriptor = 0x8106;
    private const int GetReport = 0xa101;
    private const int GetIdle = 0xa102;
    private const int GetProtocol = 0xa103;
    private const int SetReport = 0x2109;
    private const int SetIdle = 0x210a;
    private const int SetProtocol = 0x210b;

    private const long IdleUnitNanoseconds = 4_000_000;
    private const int MaxWaiting = 256;

    private readonly MachineClock _clock;
    private readonly byte[] _reportDescriptor;
    private readonly byte[] _configuration;
    private readonly HidReportQueue _waiting;
    private readonly byte[] _report;
    private readonly byte _defaultIdle;
    private byte _idle;
    private byte _protocol = 1;
    private bool _isPolled;
    private long _lastSent;

    private protected HidDevice(string name, MachineClock clock, HidIdentity identity)
        : this(name, clock, identity, MakeConfiguration(identity))
    {
    }

    private HidDevice(string name, MachineClock clock, HidIdentity identity, byte[] configuration)
        : base(name, new UsbDescriptors(identity.ProductId, identity.Product, name, configuration))
    {
        _clock = clock;
        _configuration = configuration;
        _reportDescriptor = identity.ReportDescriptor;
        _report = new byte[identity.ReportByteCount];
        _waiting = new HidReportQueue(identity.ReportByteCount, MaxWaiting);
        _idle = _defaultIdle = identity.DefaultIdle;
    }

    /// <summary>True when the guest takes its reports.</summary>
    public bool IsUsed => IsConfigured && _isPolled;

    /// <summary>What the last report said.</summary>
    private protected ReadOnlySpan<byte> LastReport => _report;

    /// <summary>How many more reports fit.</summary>
    private protected int Room => _waiting.Room;

    internal override UsbAnswer OnIn(int endpoint, Span<byte> data, out int byteCount)
    {
        byteCount = 0;
        if (endpoint != InputEndpoint)
        {
            return UsbAnswer.Stall;
        }

        _isPolled = true;
        long now = _clock.NowNanoseconds;
        if (_waiting.Count != 0)
        {
            _waiting.Take(_report);
        }
        else if (_idle == 0 || now - _lastSent < _idle * IdleUnitNanoseconds)
        {
            return UsbAnswer.Later;
        }

        _lastSent = now;
        byteCount = Math.Min(data.Length, _report.Length);
        _report.AsSpan(0, byteCount).CopyTo(data);
        return UsbAnswer.Done;
    }

    internal override UsbAnswer OnOut(int endpoint, ReadOnlySpan<byte> data, out int byteCount)
    {
        byteCount = 0;
        return UsbAnswer.Stall;
    }

    internal override int ReadRequest(in UsbSetup setup, Span<byte> reply)
    {
        switch (setup.Code)
        {
            case GetInterfaceDescriptor when setup.Value >> 8 == ReportDescriptorType:
                _reportDescriptor.CopyTo(reply);
                return _reportDescriptor.Length;
            case GetInterfaceDescriptor when setup.Value >> 8 == HidDescriptorType:
                _configuration.AsSpan(HidDescriptorOffset, HidDescriptorByteCount).CopyTo(reply);
                return HidDescriptorByteCount;
            case GetReport:
                _report.CopyTo(reply);
                return _report.Length;
            case GetIdle:
                reply[0] = _idle;
                return 1;
            case GetProtocol:
                reply[0] = _protocol;
                return 1;
            default:
                return -1;
        }
    }

    internal override bool WriteRequest(in UsbSetup setup, ReadOnlySpan<byte> data)
    {
        switch (setup.Code)
        {
            case SetIdle:
                _idle = (byte)(setup.Value >> 8);
                _lastSent = _clock.NowNanoseconds;
                return true;
            case SetProtocol:
                _protocol = (byte)(setup.Value & 1);
                return true;
            case SetReport:
                OnOutputReport(data);
                return true;
            default:
                return false;
        }
    }

    internal override void OnReset()
    {
        _waiting.Clear();
        _report.AsSpan().Clear();
        _idle = _defaultIdle;
        _protocol = 1;
        _isPolled = false;
        _lastSent = _clock.NowNanoseconds;
    }

    internal override void SaveDevice(SnapshotWriter writer, string prefix)
    {
        _waiting.Save(writer, prefix + "waiting");
        writer.Write(prefix + "report", _report);
        writer.Write(prefix + "idle", _idle);
        writer.Write(prefix + "protocol", _protocol);
        writer.Write(prefix + "polled", _isPolled);
        writer.Write(prefix + "last-sent", _lastSent);
    }

    internal override void RestoreDevice(SnapshotReader reader, string prefix)
    {
        _waiting.Restore(reader, prefix + "waiting");
        reader.ReadBytes(prefix + "report", _report);
        _idle = reader.ReadByte(prefix + "idle");
        _protocol = reader.ReadByte(prefix + "protocol");
        _isPolled = reader.ReadBoolean(prefix + "polled");
        _lastSent = reader.ReadInt64(prefix + "last-sent");
    }

    /// <summary>Adds a report; without room it is dropped.</summary>
    private protected void Send(ReadOnlySpan<byte> report) => _waiting.Add(report);

    /// <summary>The host sent a report: indicators.</summary>
    private protected virtual void OnOutputReport(ReadOnlySpan<byte> data)
    {
    }

    private static byte[] MakeConfiguration(HidIdentity identity)
    {
        byte[] bytes =
        [
            9, 2, 0, 0, 1, 1, 0, 0xe0, 50,
            9, 4, 0, 0, 1, 3, identity.IsBootDevice ? (byte)1 : (byte)0, identity.IsBootDevice ? (byte)1 : (byte)0, 0,
            9, HidDescriptorType, 0x11, 0x01, 0, 1, ReportDescriptorType, 0, 0,
            7, 5, 0x80 | InputEndpoint, 3, (byte)identity.ReportByteCount, 0, identity.PollMilliseconds,
        ];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(HidDescriptorOffset + 7), (ushort)identity.ReportDescriptor.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)bytes.Length);
        return bytes;
    }
}
