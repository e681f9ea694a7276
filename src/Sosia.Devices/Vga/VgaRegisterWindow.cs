using Sosia.Core.Buses;

namespace Sosia.Devices.Vga;

/// <summary>
/// The adapter's registers in memory (base address register 2): the ports 3C0h to 3DFh from 400h on, the registers of the display extension, 16 bits
/// each, from 500h on. The rest, where others describe a monitor, reads as zeros.
/// </summary>
internal sealed class VgaRegisterWindow : IMmioDevice
{
    /// <summary>Its size.</summary>
    public const ulong ByteCount = 0x1000;

    private const ulong PortsOffset = 0x400;
    private const ulong PortCount = 0x20;
    private const ulong DispiOffset = 0x500;
    private const ulong DispiByteCount = 2 * (DispiRegister.MemorySize + 1);

    private readonly VgaPorts _ports;
    private readonly Dispi _dispi;

    /// <summary>Creates the window.</summary>
    public VgaRegisterWindow(VgaPorts ports, Dispi dispi)
    {
        _ports = ports;
        _dispi = dispi;
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        if (offset - DispiOffset < DispiByteCount)
        {
            return _dispi.Read((int)(offset - DispiOffset) / 2);
        }

        ulong value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            ulong at = offset + (ulong)i - PortsOffset;
            value |= (at < PortCount ? _ports.Read(0x3c0 + (int)at) : (ulong)0) << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        if (offset - DispiOffset < DispiByteCount)
        {
            _dispi.Write((int)(offset - DispiOffset) / 2, (ushort)value);
            return;
        }

        for (int i = 0; i < byteCount; i++)
        {
            ulong at = offset + (ulong)i - PortsOffset;
            if (at < PortCount)
            {
                _ports.Write(0x3c0 + (int)at, (byte)(value >> (8 * i)));
            }
        }
    }
}
