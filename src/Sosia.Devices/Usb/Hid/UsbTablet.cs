using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Usb.Hid;

/// <summary>An absolute pointer with five buttons and a wheel on the USB.</summary>
public sealed class UsbTablet : HidDevice, IAbsolutePointer
{
    private const int ReportLength = 6;
    private const int WheelOffset = 5;

    // Five buttons, three bits of padding; X and Y from 0 to 0x7FFF; the wheel.
    private static readonly byte[] Descriptor =
    [
        0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00,
        0x05, 0x09, 0x19, 0x01, 0x29, 0x05, 0x15, 0x00, 0x25, 0x01, 0x95, 0x05, 0x75, 0x01, 0x81, 0x02,
        0x95, 0x01, 0x75, 0x03, 0x81, 0x01,
        0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x00, 0x26, 0xff, 0x7f, 0x35, 0x00, 0x46, 0xff, 0x7f, 0x75, 0x10, 0x95, 0x02, 0x81, 0x02,
        0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x35, 0x00, 0x45, 0x00, 0x75, 0x08, 0x95, 0x01, 0x81, 0x06,
        0xc0, 0xc0,
    ];

    private readonly byte[] _state = new byte[ReportLength];

    /// <summary>Creates the device.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    public UsbTablet(string name, MachineClock clock)
        : base(name, clock, new HidIdentity(0x0001, "Sosia USB tablet", Descriptor, ReportLength, 4, IsBootDevice: false, DefaultIdle: 0))
    {
    }

    /// <inheritdoc/>
    public void Move(int x, int y, int wheel, byte buttons)
    {
        // A guest that is far behind loses movements, but no button.
        if (!IsUsed || (Room < 128 && buttons == _state[0] && wheel == 0))
        {
            return;
        }

        _state[0] = (byte)(buttons & 0x1f);
        BinaryPrimitives.WriteUInt16LittleEndian(_state.AsSpan(1), (ushort)Math.Clamp(x, 0, IAbsolutePointer.MaxCoordinate));
        BinaryPrimitives.WriteUInt16LittleEndian(_state.AsSpan(3), (ushort)Math.Clamp(y, 0, IAbsolutePointer.MaxCoordinate));
        _state[WheelOffset] = (byte)(sbyte)Math.Clamp(wheel, -16, 16);
        Send(_state);
        _state[WheelOffset] = 0;
    }

    internal override void OnReset()
    {
        base.OnReset();
        _state.AsSpan().Clear();
    }

    internal override void SaveDevice(SnapshotWriter writer, string prefix)
    {
        base.SaveDevice(writer, prefix);
        writer.Write(prefix + "state", _state);
    }

    internal override void RestoreDevice(SnapshotReader reader, string prefix)
    {
        base.RestoreDevice(reader, prefix);
        reader.ReadBytes(prefix + "state", _state);
    }
}
