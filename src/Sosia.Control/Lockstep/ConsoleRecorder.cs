using System;
using Sosia.Devices.Uart16550;

namespace Sosia.Control.Lockstep;

/// <summary>Keeps what a guest writes to its first serial port.</summary>
internal sealed class ConsoleRecorder : ISerialBackend
{
    private byte[] _bytes = new byte[1 << 16];

    /// <summary>How many bytes there are.</summary>
    public int Count { get; private set; }

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Count);

    /// <inheritdoc/>
    public void Transmit(byte value)
    {
        if (Count == _bytes.Length)
        {
            Array.Resize(ref _bytes, 2 * Count);
        }

        _bytes[Count++] = value;
    }

    /// <summary>Starts anew with these bytes.</summary>
    public void Replace(ReadOnlySpan<byte> bytes)
    {
        Count = 0;
        foreach (byte value in bytes)
        {
            Transmit(value);
        }
    }
}
