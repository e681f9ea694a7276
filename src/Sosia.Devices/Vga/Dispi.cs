using System;
using Sosia.Core.Buses;

namespace Sosia.Devices.Vga;

/// <summary>
/// The Bochs display extension: linear modes of 4 to 32 bits per pixel with a virtual screen, beyond what a VGA's registers describe. The VGA's
/// registers keep their values behind it.
/// </summary>
internal sealed class Dispi : IPortDevice
{
    private readonly VgaState _state;
    private readonly uint _memoryByteCount;
    private readonly Action<ulong, int> _clearMemory;
    private readonly Action _changed;

    /// <summary>Creates the extension.</summary>
    /// <param name="state">The adapter's registers.</param>
    /// <param name="memoryByteCount">How much video memory there is.</param>
    /// <param name="clearMemory">Clears video memory: offset and number of bytes.</param>
    /// <param name="changed">Called when the processor's window into video memory may have changed.</param>
    public Dispi(VgaState state, uint memoryByteCount, Action<ulong, int> clearMemory, Action changed)
    {
        _state = state;
        _memoryByteCount = memoryByteCount;
        _clearMemory = clearMemory;
        _changed = changed;
    }

    /// <summary>The bytes from one line of pixels to the next; with 4 bits per pixel, those of one plane times four.</summary>
    public static int Pitch(VgaState state)
    {
        int width = state.Dispi[DispiRegister.VirtualWidth];
        int bits = state.Dispi[DispiRegister.BitsPerPixel];
        return bits == 4 ? width / 2 : width * ((bits + 7) / 8);
    }

    /// <inheritdoc/>
    /// <remarks>Offset 0 is the index; 1, and 2 on buses that want it aligned, the data.</remarks>
    public uint ReadPort(ushort offset, int byteCount) => offset == 0 ? _state.DispiIndex : Read(_state.DispiIndex);

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value)
    {
        if (offset == 0)
        {
            _state.DispiIndex = (ushort)value;
        }
        else
        {
            Write(_state.DispiIndex, (ushort)value);
        }
    }

    /// <summary>Reads a register.</summary>
    public ushort Read(int index)
    {
        bool capabilities = (_state.Dispi[DispiRegister.Enable] & DispiRegister.GetCapabilities) != 0;
        return index switch
        {
            DispiRegister.Width when capabilities => DispiRegister.MaxWidth,
            DispiRegister.Height when capabilities => DispiRegister.MaxHeight,
            DispiRegister.BitsPerPixel when capabilities => DispiRegister.MaxBitsPerPixel,
            DispiRegister.VirtualHeight => (ushort)VirtualHeight(),
            DispiRegister.MemorySize => (ushort)(_memoryByteCount >> 16),
            >= 0 and < DispiRegister.MemorySize => _state.Dispi[index],
            _ => 0,
        };
    }

    /// <summary>Writes a register.</summary>
    public void Write(int index, ushort value)
    {
        ushort[] registers = _state.Dispi;
        switch (index)
        {
            case DispiRegister.Id when value is >= DispiRegister.Version0 and <= DispiRegister.Version5:
                registers[index] = value;
                break;
            case DispiRegister.Width when value is > 0 and <= DispiRegister.MaxWidth && !_state.IsDispiEnabled:
            case DispiRegister.Height when value is > 0 and <= DispiRegister.MaxHeight && !_state.IsDispiEnabled:
            case DispiRegister.BitsPerPixel when value is 4 or 8 or 15 or 16 or 24 or 32 && !_state.IsDispiEnabled:
                registers[index] = value;
                break;
            case DispiRegister.BitsPerPixel when value == 0 && !_state.IsDispiEnabled:
                registers[index] = 8;
                break;
            case DispiRegister.Enable:
                WriteEnable(value);
                break;
            case DispiRegister.Bank:
                registers[index] = (ushort)(value % (_memoryByteCount >> 16));
                _changed();
                break;
            case DispiRegister.VirtualWidth when _state.IsDispiEnabled:
                registers[index] = FitWidth(value);
                break;
            case DispiRegister.OffsetX:
            case DispiRegister.OffsetY:
                registers[index] = value;
                break;
        }
    }

    private int VirtualHeight()
    {
        int pitch = Pitch(_state);
        return pitch == 0 ? 0 : (int)Math.Min(_memoryByteCount / (uint)pitch, ushort.MaxValue);
    }

    // No narrower than the screen, and no wider than leaves room for its lines.
    private ushort FitWidth(int width)
    {
        int bytes = Math.Max(1, (_state.Dispi[DispiRegister.BitsPerPixel] + 7) / 8);
        uint most = _memoryByteCount / (uint)(Math.Max(1, (int)_state.Dispi[DispiRegister.Height]) * bytes);
        return (ushort)Math.Clamp(width, _state.Dispi[DispiRegister.Width], Math.Max(_state.Dispi[DispiRegister.Width], Math.Min(most, 0xfff8)));
    }

    private void WriteEnable(ushort value)
    {
        ushort[] registers = _state.Dispi;
        bool wasEnabled = _state.IsDispiEnabled;
        registers[DispiRegister.Enable] = value;
        if (!_state.IsDispiEnabled)
        {
            registers[DispiRegister.Bank] = 0;
        }
        else if (!wasEnabled)
        {
            if (registers[DispiRegister.BitsPerPixel] == 0)
            {
                registers[DispiRegister.BitsPerPixel] = 8;
            }

            registers[DispiRegister.Width] = Math.Max((ushort)1, registers[DispiRegister.Width]);
            registers[DispiRegister.Height] = Math.Max((ushort)1, registers[DispiRegister.Height]);
            registers[DispiRegister.VirtualWidth] = registers[DispiRegister.Width];
            registers[DispiRegister.OffsetX] = registers[DispiRegister.OffsetY] = 0;
            registers[DispiRegister.Bank] = 0;
            if ((value & DispiRegister.NoClear) == 0)
            {
                _clearMemory(0, (int)Math.Min(_memoryByteCount, (uint)(Pitch(_state) * registers[DispiRegister.Height])));
            }
        }

        _changed();
    }
}
