using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Ata;
using Sosia.Devices.Block;
using Sosia.Devices.Common;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Ide;

/// <summary>
/// The IDE function of the 82371SB PIIX3 (Intel data sheet 290550, chapter 2.3 and 2.7), PCI function 1 of the south bridge: two channels at their
/// old ports with interrupts 14 and 15, and a bus master for each.
/// </summary>
public sealed class PiixIdeFunction : PciFunction
{
    /// <summary>How many channels there are.</summary>
    public const int ChannelCount = 2;

    private const int TimingOffset = 0x40;
    private const ushort TimingDecodeEnable = 0x8000;
    private const int BusMasterBar = 4;
    private const int BusMasterPortCount = 16;
    private const int CommandPortCount = 8;

    private static readonly int[] CommandPorts = [0x1f0, 0x170];
    private static readonly int[] ControlPorts = [0x3f6, 0x376];

    private readonly PortBus _ports;
    private readonly DiagnosticLog _log;
    private readonly IdeChannel[] _channels = new IdeChannel[ChannelCount];
    private readonly bool[] _isMapped = new bool[ChannelCount];

    /// <summary>Creates the function without devices.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="memory">Where the bus masters move data.</param>
    /// <param name="ports">Where the channels' registers appear.</param>
    /// <param name="irqs">The channels' interrupts: IRQ14 and IRQ15.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public PiixIdeFunction(MachineClock clock, MemoryBus memory, PortBus ports, ReadOnlySpan<IrqLine> irqs, DiagnosticLog log)
        : base("piix3-ide", new PciIdentity(0x8086, 0x7010, 0x010180))
    {
        _ports = ports;
        _log = log;
        for (int i = 0; i < ChannelCount; i++)
        {
            _channels[i] = new IdeChannel($"ide{i}", clock, memory, irqs[i], log);
            DefineUInt16(TimingOffset + (2 * i), TimingDecodeEnable, 0xf3ff);
        }

        DefineUInt16(CommandOffset, 0, CommandIo | CommandBusMaster);
        DefineByte(0x06, 0x80, 0);
        DefineByte(0x07, 0x02, 0);
        DefineByte(0x0c, 0, 0);
        DefineByte(0x44, 0, 0xff);      // SIDETIM
        AddIoBar(BusMasterBar, BusMasterPortCount, new BytePorts(BusMasterPortCount, ReadBusMaster, WriteBusMaster));
    }

    /// <summary>Connects a hard disk.</summary>
    /// <param name="channel">0 or 1.</param>
    /// <param name="unit">0 or 1.</param>
    /// <param name="drive">Its contents.</param>
    /// <param name="serial">Its serial number, at most 20 ASCII characters.</param>
    public void AttachDisk(int channel, int unit, BlockDrive drive, string serial)
        => _channels[channel].Attach(unit, new AtaDisk(drive, serial, isSerialAta: false));

    /// <summary>Connects a CD-ROM drive.</summary>
    /// <param name="channel">0 or 1.</param>
    /// <param name="unit">0 or 1.</param>
    /// <param name="drive">Its medium.</param>
    /// <param name="serial">Its serial number, at most 20 ASCII characters.</param>
    public void AttachCdRom(int channel, int unit, RemovableDrive drive, string serial)
        => _channels[channel].Attach(unit, new AtapiDevice(drive, serial));

    /// <summary>Does what firmware does: lets both channels answer at their ports.</summary>
    public void EnableChannels()
    {
        for (int i = 0; i < ChannelCount; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Configuration[(TimingOffset + (2 * i))..], TimingDecodeEnable);
        }

        Configuration[CommandOffset] |= (byte)(CommandIo | CommandBusMaster);
        UpdatePorts();
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        foreach (IdeChannel channel in _channels)
        {
            channel.Reset();
        }

        UpdatePorts();
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        for (int i = 0; i < ChannelCount; i++)
        {
            _channels[i].Save(writer, $"channel{i}.");
        }
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        reader.RequireVersion(SnapshotVersion);
        base.Restore(reader);
        for (int i = 0; i < ChannelCount; i++)
        {
            _channels[i].Restore(reader, $"channel{i}.");
        }

        UpdatePorts();
    }

    /// <inheritdoc/>
    protected override void ConfigurationWritten(int offset, int byteCount) => UpdatePorts();

    private byte ReadBusMaster(int offset) => _channels[offset >> 3].BusMaster.Read(offset & 7);

    private void WriteBusMaster(int offset, byte value)
    {
        if ((offset & 7) == 0 && !IsBusMaster)
        {
            value &= 0xfe;
        }

        _channels[offset >> 3].BusMaster.Write(offset & 7, value);
    }

    private void UpdatePorts()
    {
        for (int i = 0; i < ChannelCount; i++)
        {
            bool isDecoded = (Command & CommandIo) != 0 && (BinaryPrimitives.ReadUInt16LittleEndian(Configuration[(TimingOffset + (2 * i))..]) & TimingDecodeEnable) != 0;
            if (isDecoded != _isMapped[i])
            {
                Map(i, isDecoded);
            }
        }
    }

    private void Map(int index, bool isDecoded)
    {
        IdeChannel channel = _channels[index];
        if (!isDecoded)
        {
            _ports.Unmap(CommandPorts[index], CommandPortCount, channel);
            _ports.Unmap(ControlPorts[index], 1, channel.ControlPort);
            _isMapped[index] = false;
        }
        else if (_ports.IsFree(CommandPorts[index], CommandPortCount) && _ports.IsFree(ControlPorts[index], 1))
        {
            _ports.Map(CommandPorts[index], CommandPortCount, channel, $"ide{index}");
            _ports.Map(ControlPorts[index], 1, channel.ControlPort, $"ide{index}");
            _isMapped[index] = true;
        }
        else
        {
            _log.GuestMisuse(Name, "channel enabled while something else is at its ports; it stays off", (ulong)CommandPorts[index]);
        }
    }
}
