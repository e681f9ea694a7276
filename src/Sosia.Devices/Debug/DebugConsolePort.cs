using System;
using Sosia.Core.Buses;

namespace Sosia.Devices.Debug;

/// <summary>
/// The debug console port that firmware and small kernels write text to: port 0xE9 (Bochs) or 0x402 (SeaBIOS, OVMF). A read returns
/// 0xE9, by which software finds it. It has no state of its own.
/// </summary>
public sealed class DebugConsolePort : IPortDevice
{
    private readonly Action<byte> _output;

    /// <summary>Creates the port.</summary>
    /// <param name="output">Takes each character.</param>
    public DebugConsolePort(Action<byte> output)
    {
        _output = output;
    }

    /// <summary>Claims one port.</summary>
    public void Map(PortBus ports, int port) => ports.Map(port, 1, this, "debug-console");

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount) => 0xffff_ff00 | 0xe9;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value) => _output((byte)value);
}
