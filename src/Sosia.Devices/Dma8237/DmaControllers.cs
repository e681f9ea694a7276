using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.Dma8237;

/// <summary>
/// The two 8237A DMA controllers of a PC and their page registers (Intel data sheet 231466; 82371SB PIIX3 data sheet, section 2.5.1). Channels 0
/// to 3 move bytes and need the cascade through channel 4; channels 5 to 7 move words. A device asks for as much as it has at a time.
/// </summary>
public sealed class DmaControllers : ISnapshotable
{
    private const int CascadeChannel = 0;
    private const byte ModeOfCascade = 0xc0;

    // The page register of each channel, as an offset from port 0x80.
    private static readonly int[] PageOffsets = [7, 3, 1, 2, 15, 11, 9, 10];

    private readonly MemoryBus _memory;
    private readonly DiagnosticLog _log;
    private readonly DmaChip _first;
    private readonly DmaChip _second;
    private readonly byte[] _pages = new byte[16];

    /// <summary>Creates the controllers in their power-on state.</summary>
    /// <param name="memory">Where data are moved.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public DmaControllers(MemoryBus memory, DiagnosticLog log)
    {
        _memory = memory;
        _log = log;
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

    /// <summary>Does what firmware does: connects the first controller to the second one.</summary>
    public void EnableCascade()
    {
        _second.Write(11, ModeOfCascade);
        _second.Write(10, CascadeChannel);
    }

    /// <summary>True when a request of a channel's device is answered.</summary>
    /// <param name="channel">0 to 3 or 5 to 7.</param>
    public bool IsEnabled(int channel)
        => channel < 4
            ? _second.IsEnabled(CascadeChannel) && _second.IsCascade(CascadeChannel) && _first.IsEnabled(channel)
            : _second.IsEnabled(channel - 4);

    /// <summary>Moves a device's data to memory, as long as the channel answers.</summary>
    /// <param name="channel">0 to 3; 5 to 7 with an even number of bytes.</param>
    /// <param name="source">The device's data.</param>
    /// <param name="isTerminalCount">True when the count has run out.</param>
    /// <returns>How many bytes were taken.</returns>
    public int Write(int channel, ReadOnlySpan<byte> source, out bool isTerminalCount)
    {
        isTerminalCount = false;
        int unit = channel < 4 ? 1 : 2;
        int done = 0;
        DmaDirection direction = BeginTransfer(channel, DmaDirection.ToMemory);
        while (done + unit <= source.Length && !isTerminalCount && IsEnabled(channel))
        {
            if (direction == DmaDirection.ToMemory)
            {
                _ = _memory.WriteBytes(AddressOf(channel), source.Slice(done, unit));
            }

            isTerminalCount = Step(channel);
            done += unit;
        }

        return done;
    }

    /// <summary>Moves memory's data to a device, as long as the channel answers.</summary>
    /// <param name="channel">0 to 3; 5 to 7 with an even number of bytes.</param>
    /// <param name="destination">Takes the data.</param>
    /// <param name="isTerminalCount">True when the count has run out.</param>
    /// <returns>How many bytes were given.</returns>
    public int Read(int channel, Span<byte> destination, out bool isTerminalCount)
    {
        isTerminalCount = false;
        int unit = channel < 4 ? 1 : 2;
        int done = 0;
        DmaDirection direction = BeginTransfer(channel, DmaDirection.FromMemory);
        while (done + unit <= destination.Length && !isTerminalCount && IsEnabled(channel))
        {
            Span<byte> one = destination.Slice(done, unit);
            one.Fill(0xff);
            if (direction == DmaDirection.FromMemory)
            {
                _ = _memory.ReadBytes(AddressOf(channel), one);
            }

            isTerminalCount = Step(channel);
            done += unit;
        }

        return done;
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

    private DmaDirection BeginTransfer(int channel, DmaDirection expected)
    {
        DmaDirection direction = channel < 4 ? _first.Direction(channel) : _second.Direction(channel - 4);
        if (direction != expected && direction != DmaDirection.Verify)
        {
            _log.GuestMisuse("dma", "transfer against the direction of the channel's mode", (ulong)channel);
        }

        return direction;
    }

    // The page does not count: addresses wrap within 64 KiB, or 128 KiB for words.
    private ulong AddressOf(int channel)
    {
        ulong page = _pages[PageOffsets[channel]];
        return channel < 4 ? (page << 16) | _first.Address(channel) : ((page & 0xfe) << 16) | ((ulong)_second.Address(channel - 4) << 1);
    }

    private bool Step(int channel) => channel < 4 ? _first.Step(channel) : _second.Step(channel - 4);
}
