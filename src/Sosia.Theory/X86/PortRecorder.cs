using Sosia.Core.Buses;

namespace Sosia.Theory.X86;

/// <summary>A device at every port, which notes that it was reached and always answers the same.</summary>
internal sealed class PortRecorder : IPortDevice
{
    /// <summary>How often it was reached.</summary>
    public int Accesses { get; private set; }

    /// <summary>Forgets.</summary>
    public void Clear() => Accesses = 0;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount)
    {
        Accesses++;
        return 0x5a5a_5a5a;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value) => Accesses++;
}
