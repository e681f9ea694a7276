using System;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;
using Sosia.Devices.I8042;

namespace Sosia.Devices.Usb.Hid;

/// <summary>A keyboard on the USB, in the boot protocol (HID 1.11, appendix B.1) and the report protocol, which are the same here.</summary>
public sealed class UsbKeyboard : HidDevice, IKeySink
{
    private const int ReportLength = 8;
    private const int FirstKey = 2;
    private const byte FirstModifier = 0xe0;
    private const byte RollOver = 0x01;

    // Half a second, as the specification recommends for keyboards.
    private const byte IdleOfKeyboards = 125;

    // Modifiers as eight bits, a byte of padding, five indicators from the host, six keys.
    private static readonly byte[] Descriptor =
    [
        0x05, 0x01, 0x09, 0x06, 0xa1, 0x01,
        0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02,
        0x95, 0x01, 0x75, 0x08, 0x81, 0x01,
        0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01,
        0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x26, 0xff, 0x00, 0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00, 0x81, 0x00,
        0xc0,
    ];

    // The report of what is down now, and the keys that are, a bit for each usage.
    private readonly byte[] _state = new byte[ReportLength];
    private readonly byte[] _down = new byte[32];
    private byte _leds;

    /// <summary>Creates the device.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    public UsbKeyboard(string name, MachineClock clock)
        : base(name, clock, new HidIdentity(0x0002, "Sosia USB keyboard", Descriptor, ReportLength, 8, IsBootDevice: true, IdleOfKeyboards))
    {
    }

    /// <inheritdoc/>
    public byte Indicators => (byte)(((_leds >> 2) & 1) | ((_leds & 1) << 1) | ((_leds & 2) << 1));

    /// <inheritdoc/>
    public void Enqueue(Ps2Key key, bool isDown)
    {
        byte usage = HidUsages.Of(key);
        // Releases need room more than presses do.
        if (usage == 0 || !IsUsed || Room == 0 || (isDown && Room < 64) || IsDown(usage) == isDown)
        {
            return;
        }

        _down[usage / 8] ^= (byte)(1 << (usage % 8));
        if (usage >= FirstModifier)
        {
            _state[0] ^= (byte)(1 << (usage - FirstModifier));
        }
        else
        {
            ListKeys();
        }

        Send(_state);
    }

    internal override void OnReset()
    {
        base.OnReset();
        _state.AsSpan().Clear();
        _down.AsSpan().Clear();
        _leds = 0;
    }

    internal override void SaveDevice(SnapshotWriter writer, string prefix)
    {
        base.SaveDevice(writer, prefix);
        writer.Write(prefix + "state", _state);
        writer.Write(prefix + "down", _down);
        writer.Write(prefix + "leds", _leds);
    }

    internal override void RestoreDevice(SnapshotReader reader, string prefix)
    {
        base.RestoreDevice(reader, prefix);
        reader.ReadBytes(prefix + "state", _state);
        reader.ReadBytes(prefix + "down", _down);
        _leds = reader.ReadByte(prefix + "leds");
    }

    private protected override void OnOutputReport(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            _leds = (byte)(data[0] & 0x1f);
        }
    }

    private bool IsDown(byte usage) => (_down[usage / 8] & (1 << (usage % 8))) != 0;

    // The keys in the report; more than six are the roll-over error in each place.
    private void ListKeys()
    {
        Span<byte> keys = _state.AsSpan(FirstKey);
        keys.Clear();
        int count = 0;
        for (int usage = 1; usage < FirstModifier; usage++)
        {
            if (!IsDown((byte)usage))
            {
                continue;
            }

            if (count == keys.Length)
            {
                keys.Fill(RollOver);
                return;
            }

            keys[count++] = (byte)usage;
        }
    }
}
