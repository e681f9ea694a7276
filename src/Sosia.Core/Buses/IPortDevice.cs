namespace Sosia.Core.Buses;

/// <summary>A device that answers to a range of x86 I/O ports. It sees offsets into its range.</summary>
public interface IPortDevice
{
    /// <summary>The guest reads from a port.</summary>
    /// <param name="offset">Port number relative to the start of the claimed range.</param>
    /// <param name="byteCount">1, 2 or 4; the access may reach beyond the claimed range by its width.</param>
    /// <returns>The value, zero-extended.</returns>
    uint ReadPort(ushort offset, int byteCount);

    /// <summary>The guest writes to a port.</summary>
    /// <param name="offset">Port number relative to the start of the claimed range.</param>
    /// <param name="byteCount">1, 2 or 4; the access may reach beyond the claimed range by its width.</param>
    /// <param name="value">The value, zero-extended.</param>
    void WritePort(ushort offset, int byteCount, uint value);
}
