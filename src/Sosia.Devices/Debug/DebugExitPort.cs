using Sosia.Core.Buses;
using Sosia.Core.Execution;

namespace Sosia.Devices.Debug;

/// <summary>A port that ends the machine: writing v makes the exit status (v &lt;&lt; 1) | 1. It has no state of its own.</summary>
public sealed class DebugExitPort : IPortDevice
{
    /// <summary>How many ports it claims, so that 32-bit writes are whole.</summary>
    public const int PortCount = 4;

    private readonly IMachineControl _machine;

    /// <summary>Creates the port.</summary>
    public DebugExitPort(IMachineControl machine)
    {
        _machine = machine;
    }

    /// <summary>Claims the ports.</summary>
    public void Map(PortBus ports, int firstPort) => ports.Map(firstPort, PortCount, this, "debug-exit");

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount) => 0;

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value) => _machine.RequestExit(unchecked((int)((value << 1) | 1)));
}
