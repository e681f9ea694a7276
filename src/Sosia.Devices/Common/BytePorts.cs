using System;
using Sosia.Core.Buses;

namespace Sosia.Devices.Common;

/// <summary>
/// A run of 8-bit ports, as ISA chips have them: wider accesses are broken into byte accesses to consecutive ports, lowest first, as
/// the ISA bridge does (82371SB PIIX3 data sheet, section 3.5, "ISA I/O cycles"). Bytes beyond the run float on reads and are dropped.
/// </summary>
public sealed class BytePorts : IPortDevice
{
    private readonly int _portCount;
    private readonly Func<int, byte> _read;
    private readonly Action<int, byte> _write;

    /// <summary>Wraps a device's byte accessors.</summary>
    /// <param name="portCount">How many ports the run has.</param>
    /// <param name="read">Reads the port with the given offset.</param>
    /// <param name="write">Writes the port with the given offset.</param>
    public BytePorts(int portCount, Func<int, byte> read, Action<int, byte> write)
    {
        _portCount = portCount;
        _read = read;
        _write = write;
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount)
    {
        uint value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            uint one = offset + i < _portCount ? _read(offset + i) : 0xffu;
            value |= one << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value)
    {
        for (int i = 0; i < byteCount && offset + i < _portCount; i++)
        {
            _write(offset + i, (byte)(value >> (8 * i)));
        }
    }
}
