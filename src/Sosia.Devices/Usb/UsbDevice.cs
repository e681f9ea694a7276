using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Usb;

/// <summary>
/// A full-speed USB device (Universal Serial Bus Specification 2.0, chapters 5, 8 and 9): its address, its default pipe with the standard requests, and
/// what derived classes do at their endpoints. Data toggles are the host controller's business: nothing is lost on this bus.
/// </summary>
public abstract class UsbDevice
{
    /// <summary>The default pipe's packet size.</summary>
    internal const int ControlPacketByteCount = 64;

    private const int MaxControlByteCount = 512;
    private const int MaxEndpoints = 16;

    private const int GetStatus = 0x8000;
    private const int GetInterfaceStatus = 0x8100;
    private const int GetEndpointStatus = 0x8200;
    private const int ClearDeviceFeature = 0x0001;
    private const int ClearEndpointFeature = 0x0201;
    private const int SetDeviceFeature = 0x0003;
    private const int SetEndpointFeature = 0x0203;
    private const int SetAddress = 0x0005;
    private const int GetDescriptor = 0x8006;
    private const int GetConfiguration = 0x8008;
    private const int SetConfiguration = 0x0009;
    private const int GetInterface = 0x810a;
    private const int SetInterface = 0x010b;

    private readonly UsbDescriptors _descriptors;
    private readonly byte[] _setupBytes = new byte[UsbSetup.ByteCount];
    private readonly byte[] _control = new byte[MaxControlByteCount];
    private int _controlLength;
    private int _controlPosition;
    private UsbControlStage _stage;

    // Halted endpoints, a bit for each: 0 to 15 out, 16 to 31 in.
    private uint _halted;

    private protected UsbDevice(string name, UsbDescriptors descriptors)
    {
        Name = name;
        _descriptors = descriptors;
    }

    /// <summary>Its name, unique in the machine.</summary>
    public string Name { get; }

    /// <summary>The address that the host gave it; 0 after a reset.</summary>
    public byte Address { get; private set; }

    /// <summary>True when the host has configured it.</summary>
    public bool IsConfigured { get; private set; }

    private UsbSetup Setup => UsbSetup.Parse(_setupBytes);

    /// <summary>A reset on the bus, or power-on.</summary>
    internal void Reset()
    {
        Address = 0;
        IsConfigured = false;
        _stage = UsbControlStage.Idle;
        _controlLength = _controlPosition = 0;
        _halted = 0;
        OnReset();
    }

    /// <summary>Answers a token.</summary>
    /// <param name="token">What the host asks.</param>
    /// <param name="endpoint">The endpoint's number, 0 to 15.</param>
    /// <param name="data">What the host sends, or where the data for it go.</param>
    /// <param name="byteCount">How many bytes were sent or taken.</param>
    internal UsbAnswer Answer(UsbToken token, int endpoint, Span<byte> data, out int byteCount)
    {
        byteCount = 0;
        if (endpoint == 0)
        {
            return token switch
            {
                UsbToken.Setup => BeginControl(data, out byteCount),
                UsbToken.In => ControlIn(data, out byteCount),
                _ => ControlOut(data, out byteCount),
            };
        }

        if (!IsConfigured || token == UsbToken.Setup || endpoint >= MaxEndpoints)
        {
            return UsbAnswer.Stall;
        }

        uint bit = HaltBit(endpoint, token == UsbToken.In);
        if ((_halted & bit) != 0)
        {
            return UsbAnswer.Stall;
        }

        UsbAnswer answer = token == UsbToken.In ? OnIn(endpoint, data, out byteCount) : OnOut(endpoint, data, out byteCount);
        if (answer == UsbAnswer.Stall)
        {
            _halted |= bit;
        }

        return answer;
    }

    /// <summary>Writes the device's state.</summary>
    internal void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "address", Address);
        writer.Write(prefix + "configured", IsConfigured);
        writer.Write(prefix + "setup", _setupBytes);
        writer.Write(prefix + "control", _control);
        writer.Write(prefix + "control-length", _controlLength);
        writer.Write(prefix + "control-position", _controlPosition);
        writer.Write(prefix + "stage", (long)_stage);
        writer.Write(prefix + "halted", _halted);
        SaveDevice(writer, prefix);
    }

    /// <summary>Reads the device's state.</summary>
    internal void Restore(SnapshotReader reader, string prefix)
    {
        Address = reader.ReadByte(prefix + "address");
        IsConfigured = reader.ReadBoolean(prefix + "configured");
        reader.ReadBytes(prefix + "setup", _setupBytes);
        reader.ReadBytes(prefix + "control", _control);
        _controlLength = Math.Clamp(reader.ReadInt32(prefix + "control-length"), 0, MaxControlByteCount);
        _controlPosition = Math.Clamp(reader.ReadInt32(prefix + "control-position"), 0, _controlLength);
        _stage = (UsbControlStage)Math.Clamp(reader.ReadInt32(prefix + "stage"), 0, (int)UsbControlStage.Stalled);
        _halted = reader.ReadUInt32(prefix + "halted");
        RestoreDevice(reader, prefix);
    }

    /// <summary>Gives data of an endpoint that is not halted.</summary>
    internal abstract UsbAnswer OnIn(int endpoint, Span<byte> data, out int byteCount);

    /// <summary>Takes data for an endpoint that is not halted.</summary>
    internal abstract UsbAnswer OnOut(int endpoint, ReadOnlySpan<byte> data, out int byteCount);

    /// <summary>A class's or an interface's own request whose data go to the host.</summary>
    /// <returns>How many bytes; -1: there is no such request.</returns>
    internal abstract int ReadRequest(in UsbSetup setup, Span<byte> reply);

    /// <summary>A class's or an interface's own request, with its data.</summary>
    /// <returns>False: there is no such request.</returns>
    internal abstract bool WriteRequest(in UsbSetup setup, ReadOnlySpan<byte> data);

    /// <summary>Puts what the derived class has to its state after a reset on the bus.</summary>
    internal abstract void OnReset();

    /// <summary>An endpoint's halt was cleared.</summary>
    internal virtual void OnHaltCleared(int endpoint)
    {
    }

    /// <summary>Writes the derived class's state.</summary>
    internal abstract void SaveDevice(SnapshotWriter writer, string prefix);

    /// <summary>Reads the derived class's state.</summary>
    internal abstract void RestoreDevice(SnapshotReader reader, string prefix);

    /// <summary>Halts an endpoint until the host clears it.</summary>
    private protected void Halt(int endpoint, bool isIn) => _halted |= HaltBit(endpoint, isIn);

    private protected bool IsHalted(int endpoint, bool isIn) => (_halted & HaltBit(endpoint, isIn)) != 0;

    private static uint HaltBit(int endpoint, bool isIn) => 1u << ((endpoint & 15) + (isIn ? 16 : 0));

    private static uint HaltBit(ushort index) => HaltBit(index & 15, (index & 0x80) != 0);

    private UsbAnswer BeginControl(ReadOnlySpan<byte> data, out int byteCount)
    {
        byteCount = data.Length;
        if (data.Length != UsbSetup.ByteCount)
        {
            _stage = UsbControlStage.Stalled;
            return UsbAnswer.Done;
        }

        data.CopyTo(_setupBytes);
        _controlPosition = _controlLength = 0;
        UsbSetup setup = Setup;
        if (setup.IsToHost)
        {
            _control.AsSpan().Clear();
            int length = Read(setup);
            _controlLength = Math.Min(length, setup.Length);
            _stage = length < 0 ? UsbControlStage.Stalled : UsbControlStage.DataIn;
        }
        else
        {
            _controlLength = setup.Length;
            _stage = setup.Length > MaxControlByteCount ? UsbControlStage.Stalled : setup.Length == 0 ? UsbControlStage.StatusIn : UsbControlStage.DataOut;
        }

        return UsbAnswer.Done;
    }

    private UsbAnswer ControlIn(Span<byte> data, out int byteCount)
    {
        byteCount = 0;
        switch (_stage)
        {
            case UsbControlStage.DataIn:
                byteCount = Math.Min(Math.Min(data.Length, ControlPacketByteCount), _controlLength - _controlPosition);
                _control.AsSpan(_controlPosition, byteCount).CopyTo(data);
                _controlPosition += byteCount;
                return UsbAnswer.Done;
            case UsbControlStage.StatusIn:
                // The data are complete: now it is done.
                UsbSetup setup = Setup;
                bool isDone = Write(setup, _control.AsSpan(0, _controlPosition));
                _stage = isDone ? UsbControlStage.Idle : UsbControlStage.Stalled;
                return isDone ? UsbAnswer.Done : UsbAnswer.Stall;
            default:
                return UsbAnswer.Stall;
        }
    }

    private UsbAnswer ControlOut(ReadOnlySpan<byte> data, out int byteCount)
    {
        byteCount = 0;
        switch (_stage)
        {
            case UsbControlStage.DataOut:
                byteCount = Math.Min(data.Length, _controlLength - _controlPosition);
                data[..byteCount].CopyTo(_control.AsSpan(_controlPosition));
                _controlPosition += byteCount;
                _stage = _controlPosition == _controlLength ? UsbControlStage.StatusIn : UsbControlStage.DataOut;
                return UsbAnswer.Done;
            case UsbControlStage.DataIn:
                // The host has what it wants: the status stage.
                _stage = UsbControlStage.Idle;
                byteCount = data.Length;
                return UsbAnswer.Done;
            default:
                return UsbAnswer.Stall;
        }
    }

    // Requests whose data go to the host. Their answers are in the control buffer.
    private int Read(in UsbSetup setup)
    {
        switch (setup.Code)
        {
            case GetStatus:
                _control[0] = 1;    // self-powered
                return 2;
            case GetInterfaceStatus:
                return 2;
            case GetEndpointStatus:
                _control[0] = (byte)((_halted & HaltBit(setup.Index)) != 0 ? 1 : 0);
                return 2;
            case GetDescriptor:
                return _descriptors.Write(setup.Value, _control);
            case GetConfiguration:
                _control[0] = (byte)(IsConfigured ? 1 : 0);
                return 1;
            case GetInterface:
                return IsConfigured ? 1 : -1;
            default:
                return ReadRequest(setup, _control);
        }
    }

    private bool Write(in UsbSetup setup, ReadOnlySpan<byte> data)
    {
        switch (setup.Code)
        {
            case SetAddress:
                Address = (byte)(setup.Value & 0x7f);
                return true;
            case SetConfiguration:
                if (setup.Value > 1)
                {
                    return false;
                }

                IsConfigured = setup.Value == 1;
                _halted = 0;
                return true;
            case SetInterface:
                return IsConfigured && setup is { Value: 0, Index: 0 };
            case ClearEndpointFeature:
                _halted &= ~HaltBit(setup.Index);
                OnHaltCleared(setup.Index & 15);
                return true;
            case SetEndpointFeature:
                _halted |= HaltBit(setup.Index);
                return true;
            case ClearDeviceFeature or SetDeviceFeature:
                return true;
            default:
                return WriteRequest(setup, data);
        }
    }
}
