using Sosia.Core.Buses;

namespace Sosia.Devices.Vga;

/// <summary>
/// The processor's window into video memory at A0000h to BFFFFh, with the graphics controller's work on what passes through it: planes, latches,
/// rotation, set/reset, logical functions, bit mask, colour compare. Where it does no work the window is memory and not this device.
/// </summary>
internal sealed class VgaWindow : IMmioDevice
{
    /// <summary>Where it begins.</summary>
    public const ulong Base = 0xa_0000;

    /// <summary>Its size.</summary>
    public const uint ByteCount = 0x2_0000;

    private const uint BankByteCount = 0x1_0000;
    private const byte Chain4 = 0x08;
    private const byte Sequential = 0x04;

    private readonly MemoryBus _bus;
    private readonly VgaMemory _memory;
    private readonly VgaState _state;
    private uint? _directOffset;
    private bool _isMapped;

    /// <summary>Creates the window; <see cref="Update"/> maps it.</summary>
    public VgaWindow(MemoryBus bus, VgaMemory memory, VgaState state)
    {
        _bus = bus;
        _memory = memory;
        _state = state;
    }

    /// <summary>Maps it as the registers say: as memory where every access goes straight there, as a device otherwise.</summary>
    public void Update()
    {
        uint? direct = DirectOffset();
        if (_isMapped && direct == _directOffset)
        {
            return;
        }

        if (_directOffset is not null)
        {
            _bus.UnmapRam(Base, BankByteCount);
        }
        else if (_isMapped)
        {
            _bus.UnmapDevice(Base, this);
        }

        if (direct is { } offset)
        {
            _bus.MapRam(Base, _memory.RamOffset + offset, BankByteCount, tracksWrites: true);
        }
        else
        {
            _bus.MapDevice(Base, ByteCount, this, "vga");
        }

        _directOffset = direct;
        _isMapped = true;
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        ulong value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            value |= (ulong)ReadByte((uint)offset + (uint)i) << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        for (int i = 0; i < byteCount; i++)
        {
            WriteByte((uint)offset + (uint)i, (byte)(value >> (8 * i)));
        }
    }

    private bool IsChained => (_state.Sequencer[4] & Chain4) != 0;

    // A byte for each plane that may be written.
    private static uint Spread(int planes) => ((((uint)planes & 15) * 0x0020_4081u) & 0x0101_0101) * 0xff;

    private bool IsExtensionLinear => _state.IsDispiEnabled && _state.Dispi[DispiRegister.BitsPerPixel] != 4;

    // Where the window's first byte lies when it can be ordinary memory: in the extension's modes always, else while the graphics controller does nothing.
    private uint? DirectOffset()
    {
        if (IsExtensionLinear)
        {
            return BankOffset;
        }

        byte[] graphics = _state.Graphics;
        bool isWindow = !_state.IsDispiEnabled && (_state.MiscOutput & 2) != 0 && (graphics[6] & 0x0c) == 4;
        bool isPlain = (graphics[5] & 0x0b) == 0 && (graphics[1] & 15) == 0 && (graphics[3] & 0x1f) == 0 && graphics[8] == 0xff;
        return isWindow && isPlain && IsChained && (_state.Sequencer[2] & 15) == 15 ? 0 : null;
    }

    private uint BankOffset => _state.IsDispiEnabled ? _state.Dispi[DispiRegister.Bank] * BankByteCount : 0;

    // From an offset in the 128 KiB to an address in what is shown of the memory; false where nothing answers.
    private bool TryDecode(uint offset, out uint address)
    {
        (uint start, uint size) = _state.IsDispiEnabled
            ? (0, 0x1_0000)
            : ((_state.Graphics[6] >> 2) & 3) switch
            {
                0 => (0u, 0x2_0000u),
                1 => (0u, 0x1_0000u),
                2 => (0x1_0000u, 0x8000u),
                _ => (0x1_8000u, 0x8000u),
            };
        address = (offset - start) & 0xffff;
        return offset - start < size && (_state.IsDispiEnabled || (_state.MiscOutput & 2) != 0);
    }

    private byte ReadByte(uint offset)
    {
        if (!TryDecode(offset, out uint address))
        {
            return 0xff;
        }

        byte[] graphics = _state.Graphics;
        if (IsChained)
        {
            uint linear = BankOffset + address;
            _state.Latches = _memory.ReadPlanes(linear >> 2);
            return _memory.ReadLinear(linear);
        }

        bool isOddEven = (graphics[5] & 0x10) != 0;
        int plane = isOddEven ? (graphics[4] & 2) | (int)(address & 1) : graphics[4] & 3;
        uint latches = _memory.ReadPlanes(PlaneAddress(address));
        _state.Latches = latches;
        if ((graphics[5] & 8) == 0)
        {
            return (byte)(latches >> (8 * plane));
        }

        // Colour compare: a bit for each pixel whose planes, as far as somebody cares, are those of the colour.
        uint differs = (latches ^ Spread(graphics[2])) & Spread(graphics[7]);
        differs |= differs >> 16;
        return (byte)~(differs | (differs >> 8));
    }

    private void WriteByte(uint offset, byte value)
    {
        if (!TryDecode(offset, out uint address))
        {
            return;
        }

        int planes = _state.Sequencer[2] & 15;
        if (IsChained)
        {
            uint linear = BankOffset + address;
            if ((planes & (1 << (int)(linear & 3))) != 0)
            {
                _memory.WriteLinear(linear, (byte)(Compute(value) >> (8 * (int)(linear & 3))));
            }

            return;
        }

        if ((_state.Sequencer[4] & Sequential) == 0)
        {
            // Even addresses are those of planes 0 and 2, odd ones those of 1 and 3.
            planes &= (address & 1) != 0 ? 10 : 5;
        }

        uint planeAddress = PlaneAddress(address);
        uint written = Spread(planes);
        uint old = _memory.ReadPlanes(planeAddress);
        _memory.WritePlanes(planeAddress, (old & ~written) | (Compute(value) & written));
    }

    // When addresses are chained in pairs their lowest bit has chosen the planes.
    private uint PlaneAddress(uint address)
        => ((_state.Graphics[6] & 2) != 0 ? address & ~1u : address) + (BankOffset & 0x3_0000);

    // What the graphics controller makes of a byte that is written: a byte for each plane.
    private uint Compute(byte value)
    {
        byte[] graphics = _state.Graphics;
        uint latches = _state.Latches;
        byte mask = graphics[8];
        uint planes;
        switch (graphics[5] & 3)
        {
            case 0:
                uint enabled = Spread(graphics[1]);
                planes = Rotate(value) * 0x0101_0101u;
                planes = (planes & ~enabled) | (Spread(graphics[0]) & enabled);
                break;
            case 1:
                return latches;
            case 2:
                planes = Spread(value);
                break;
            default:
                mask &= Rotate(value);
                planes = Spread(graphics[0]);
                break;
        }

        planes = ((graphics[3] >> 3) & 3) switch
        {
            1 => planes & latches,
            2 => planes | latches,
            3 => planes ^ latches,
            _ => planes,
        };
        uint spreadMask = mask * 0x0101_0101u;
        return (planes & spreadMask) | (latches & ~spreadMask);
    }

    private byte Rotate(byte value)
    {
        int count = _state.Graphics[3] & 7;
        return (byte)((value >> count) | (value << (8 - count)));
    }
}
