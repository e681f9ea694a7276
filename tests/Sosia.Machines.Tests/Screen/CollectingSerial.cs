using System.Collections.Generic;
using Sosia.Devices.Uart16550;

namespace Sosia.Machines.Tests.Screen;

/// <summary>Keeps what a serial port sends.</summary>
internal sealed class CollectingSerial : ISerialBackend
{
    private readonly List<byte> _bytes = [];

    public int Count => _bytes.Count;

    public void Transmit(byte value) => _bytes.Add(value);

    public byte[] ToArray() => [.. _bytes];
}
