using System;
using Sosia.Core.Buses;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Vga;

/// <summary>The adapter's ports 3B0h to 3DFh (IBM PS/2 Hardware Interface Technical Reference, "VGA Function" registers).</summary>
internal sealed class VgaPorts
{
    private const byte ColorAddresses = 0x01;
    private const byte AttributeIndexMask = 0x1f;
    private const byte PaletteAddressSource = 0x20;

    private static readonly byte[] SequencerMask = [0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0xff, 0xff, 0xff];
    private static readonly byte[] GraphicsMask = [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff, 0, 0, 0, 0, 0, 0, 0];

    private readonly VgaState _state;
    private readonly VgaTiming _timing;
    private readonly MachineClock _clock;
    private readonly Action _windowChanged;

    /// <summary>Creates the ports.</summary>
    /// <param name="state">The registers behind them.</param>
    /// <param name="timing">Told of changes, and asked where the beam is.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="windowChanged">Called when the processor's window into video memory may have changed.</param>
    public VgaPorts(VgaState state, VgaTiming timing, MachineClock clock, Action windowChanged)
    {
        _state = state;
        _timing = timing;
        _clock = clock;
        _windowChanged = windowChanged;
    }

    /// <summary>Claims the ports. (Those between them belong to printers.)</summary>
    public void Map(PortBus ports)
    {
        foreach ((int first, int count) in (ReadOnlySpan<(int, int)>)[(0x3b4, 2), (0x3ba, 1), (0x3c0, 16), (0x3d4, 2), (0x3da, 1)])
        {
            ports.Map(first, count, new BytePorts(count, offset => Read(first + offset), (offset, value) => Write(first + offset, value)), "vga");
        }
    }

    // The CRT controller and input status register 1 answer at 3Bxh or at 3Dxh, never at both.
    private bool IsDecoded(int port) => port is >= 0x3c0 and < 0x3d0 || port >= 0x3d0 == ((_state.MiscOutput & ColorAddresses) != 0);

    /// <summary>Reads a port, 3B0h to 3DFh.</summary>
    public byte Read(int port)
    {
        if (!IsDecoded(port))
        {
            return 0xff;
        }

        switch (port)
        {
            case 0x3c0:
                return _state.AttributeIsData ? (byte)0 : _state.AttributeIndex;
            case 0x3c1:
                int attribute = _state.AttributeIndex & AttributeIndexMask;
                return attribute <= 0x14 ? _state.Attribute[attribute] : (byte)0;
            case 0x3c2:
                // The monitor's sense line: a colour display is there.
                return 0x10;
            case 0x3c3:
                return 1;
            case 0x3c4:
                return _state.SequencerIndex;
            case 0x3c5:
                return _state.Sequencer[_state.SequencerIndex & 7];
            case 0x3c6:
                return _state.PelMask;
            case 0x3c7:
                return _state.PaletteReads ? (byte)3 : (byte)0;
            case 0x3c8:
                return _state.PaletteWriteIndex;
            case 0x3c9:
                return ReadPalette();
            case 0x3ca:
                return _state.FeatureControl;
            case 0x3cc:
                return _state.MiscOutput;
            case 0x3ce:
                return _state.GraphicsIndex;
            case 0x3cf:
                return _state.Graphics[_state.GraphicsIndex & 15];
            case 0x3b4 or 0x3d4:
                return _state.CrtcIndex;
            case 0x3b5 or 0x3d5:
                return ReadCrtc();
            case 0x3ba or 0x3da:
                _state.AttributeIsData = false;
                return _timing.Status(_clock.NowNanoseconds);
            default:
                return port is >= 0x3c0 and < 0x3d0 ? (byte)0 : (byte)0xff;
        }
    }

    /// <summary>Writes a port, 3B0h to 3DFh.</summary>
    public void Write(int port, byte value)
    {
        if (!IsDecoded(port))
        {
            return;
        }

        switch (port)
        {
            case 0x3c0:
                WriteAttribute(value);
                return;
            case 0x3c2:
                _state.MiscOutput = value;
                _windowChanged();
                break;
            case 0x3c4:
                _state.SequencerIndex = (byte)(value & 7);
                return;
            case 0x3c5:
                _state.Sequencer[_state.SequencerIndex] = (byte)(value & SequencerMask[_state.SequencerIndex]);
                _windowChanged();
                break;
            case 0x3c6:
                _state.PelMask = value;
                return;
            case 0x3c7:
                _state.PaletteReadIndex = value;
                _state.PaletteReadPart = 0;
                _state.PaletteReads = true;
                return;
            case 0x3c8:
                _state.PaletteWriteIndex = value;
                _state.PaletteWritePart = 0;
                _state.PaletteReads = false;
                return;
            case 0x3c9:
                WritePalette(value);
                return;
            case 0x3ce:
                _state.GraphicsIndex = (byte)(value & 15);
                return;
            case 0x3cf:
                _state.Graphics[_state.GraphicsIndex] = (byte)(value & GraphicsMask[_state.GraphicsIndex]);
                _windowChanged();
                return;
            case 0x3b4 or 0x3d4:
                _state.CrtcIndex = value;
                return;
            case 0x3b5 or 0x3d5:
                WriteCrtc(value);
                break;
            case 0x3ba or 0x3da:
                _state.FeatureControl = (byte)(value & 0x10);
                return;
            default:
                return;
        }

        _timing.Update(_state);
    }

    private void WriteAttribute(byte value)
    {
        bool isData = _state.AttributeIsData;
        _state.AttributeIsData = !isData;
        if (!isData)
        {
            _state.AttributeIndex = (byte)(value & 0x3f);
            return;
        }

        int index = _state.AttributeIndex & AttributeIndexMask;
        switch (index)
        {
            case < 0x10:
                // The palette registers belong to the display while it is on.
                if ((_state.AttributeIndex & PaletteAddressSource) == 0)
                {
                    _state.Attribute[index] = (byte)(value & 0x3f);
                }

                break;
            case 0x10:
                _state.Attribute[index] = (byte)(value & 0xef);
                break;
            case 0x11:
                _state.Attribute[index] = value;
                break;
            case 0x12:
                _state.Attribute[index] = (byte)(value & 0x3f);
                break;
            case 0x13 or 0x14:
                _state.Attribute[index] = (byte)(value & 0x0f);
                break;
        }
    }

    private byte ReadCrtc() => _state.CrtcIndex switch
    {
        <= 0x18 => _state.Crtc[_state.CrtcIndex],
        0x22 => (byte)(_state.Latches >> (8 * (_state.Graphics[4] & 3))),
        0x24 => _state.AttributeIsData ? (byte)0x80 : (byte)0,
        0x26 => _state.AttributeIndex,
        _ => 0,
    };

    private void WriteCrtc(byte value)
    {
        int index = _state.CrtcIndex;
        bool isProtected = (_state.Crtc[0x11] & 0x80) != 0;
        if (index > 0x18)
        {
            return;
        }

        if (isProtected && index <= 7)
        {
            if (index == 7)
            {
                // Bit 8 of the line compare register is never protected.
                _state.Crtc[7] = (byte)((_state.Crtc[7] & ~0x10) | (value & 0x10));
            }

            return;
        }

        _state.Crtc[index] = value;
    }

    private byte ReadPalette()
    {
        byte value = _state.Palette[(_state.PaletteReadIndex * 3) + _state.PaletteReadPart];
        if (++_state.PaletteReadPart == 3)
        {
            _state.PaletteReadPart = 0;
            _state.PaletteReadIndex++;
        }

        return value;
    }

    // A colour changes when its third part has come.
    private void WritePalette(byte value)
    {
        if ((_state.Dispi[DispiRegister.Enable] & DispiRegister.EightBitPalette) == 0)
        {
            value &= 0x3f;
        }

        switch (_state.PaletteWritePart)
        {
            case 0:
                _state.PaletteFirst = value;
                _state.PaletteWritePart = 1;
                break;
            case 1:
                _state.PaletteSecond = value;
                _state.PaletteWritePart = 2;
                break;
            default:
                int at = _state.PaletteWriteIndex * 3;
                _state.Palette[at] = _state.PaletteFirst;
                _state.Palette[at + 1] = _state.PaletteSecond;
                _state.Palette[at + 2] = value;
                _state.PaletteWritePart = 0;
                _state.PaletteWriteIndex++;
                break;
        }
    }
}
