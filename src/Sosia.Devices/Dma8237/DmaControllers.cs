using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.Dma8237;

/// <summary>
/// The two 8237A DMA controllers of a PC and their page registers (Intel data sheet 231466; 82371SB PIIX3 data sheet, section 2.5.1).
/// The registers behave as the chips' do. No device here uses ISA DMA yet, so there are no transfers: a software request is reported as
/// guest misuse, which names what is missing.
/// </summary>
public sealed class DmaControllers : ISnapshotable
{
    private readonly DmaChip _first;
    private readonly DmaChip _second;
    private readonly byte[] _pages = new byte[16];

    /// <summary>Creates the controllers in their power-on state.</summary>
    /// <param name="log">Where guest misuse is reported.</param>
    public DmaControllers(DiagnosticLog log)
    {
        _first = new DmaChip(log);
        _second = new DmaChip(log);
        FirstPorts = new BytePorts(16, _first.Read, _first.Write);
        SecondPorts = new BytePorts(32, offset => _second.Read(offset >> 1), (offset, value) => _second.Write(offset >> 1, value));
        PagePorts = new BytePorts(15, offset => _pages[offset + 1], (offset, value) => _pages[offset + 1] = value);
    }

    /// <inheritdoc/>
    public string SnapshotName => "dma";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The controller of channels 0 to 3: ports 0x00 to 0x0F.</summary>
    public IPortDevice FirstPorts { get; }

    /// <summary>The controller of channels 4 to 7: ports 0xC0 to 0xDF, its registers at even ports.</summary>
    public IPortDevice SecondPorts { get; }

    /// <summary>The page registers: ports 0x81 to 0x8F.</summary>
    public IPortDevice PagePorts { get; }

    /// <summary>Claims the ports of a PC.</summary>
    public void Map(PortBus ports)
    {
        ports.Map(0x00, 16, FirstPorts, "dma");
        ports.Map(0xc0, 32, SecondPorts, "dma");
        ports.Map(0x81, 15, PagePorts, "dma-page");
    }

    /// <summary>Puts the controllers to their power-on state.</summary>
    public void Reset()
    {
        _first.Reset();
        _second.Reset();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        _first.Save(writer, "first.");
        _second.Save(writer, "second.");
        writer.Write("pages", _pages);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _first.Restore(reader, "first.");
        _second.Restore(reader, "second.");
        reader.ReadBytes("pages", _pages);
    }
}
