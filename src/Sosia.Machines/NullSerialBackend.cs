using Sosia.Devices.Uart16550;

namespace Sosia.Machines;

/// <summary>A cable that leads nowhere.</summary>
public sealed class NullSerialBackend : ISerialBackend
{
    /// <summary>The one instance.</summary>
    public static readonly NullSerialBackend Instance = new();

    private NullSerialBackend()
    {
    }

    /// <inheritdoc/>
    public void Transmit(byte value)
    {
    }
}
