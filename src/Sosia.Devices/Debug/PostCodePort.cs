using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.Debug;

/// <summary>Port 0x80, where firmware writes its progress; operating systems write to it to pass a microsecond. It reads back.</summary>
public sealed class PostCodePort : ISnapshotable
{
    private byte _code;

    /// <summary>Creates the port.</summary>
    public PostCodePort()
    {
        Ports = new BytePorts(1, _ => _code, (_, value) => _code = value);
    }

    /// <inheritdoc/>
    public string SnapshotName => "post";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The port itself.</summary>
    public IPortDevice Ports { get; }

    /// <summary>The code written last.</summary>
    public byte Code => _code;

    /// <summary>Claims port 0x80.</summary>
    /// <remarks>Linux writes there to lose a microsecond.</remarks>
    public void Map(PortBus ports)
    {
        ports.Map(0x80, 1, Ports, "post");
        ports.AllowCollecting(0x80, 1);
    }

    /// <summary>Clears the code.</summary>
    public void Reset() => _code = 0;

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer) => writer.Write("code", _code);

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader) => _code = reader.ReadByte("code");
}
