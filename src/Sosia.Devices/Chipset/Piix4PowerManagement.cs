using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Chipset;

/// <summary>
/// The power management function of the 82371AB PIIX4 (Intel data sheet 290562, chapter 7), PCI function 3 of the south bridge: places
/// the ACPI registers and the SMBus host in port space, and answers the SMI command port in the place of system management firmware.
/// </summary>
public sealed class Piix4PowerManagement : PciFunction
{
    /// <summary>The SMI command port (FADT field SMI_CMD).</summary>
    public const int SmiCommandPort = 0xb2;

    /// <summary>Written to <see cref="SmiCommandPort"/>: hands power management to the operating system (FADT field ACPI_ENABLE).</summary>
    public const byte AcpiEnableCommand = 0xf1;

    /// <summary>Written to <see cref="SmiCommandPort"/>: takes it back (FADT field ACPI_DISABLE).</summary>
    public const byte AcpiDisableCommand = 0xf0;

    private const int PmBaseOffset = 0x40;
    private const int PmEnableOffset = 0x80;
    private const int SmBusBaseOffset = 0x90;
    private const int SmBusConfigurationOffset = 0xd2;

    private readonly PortBus _ports;
    private readonly DiagnosticLog _log;
    private readonly SmBusHost _smBus;
    private int _pmMappedAt = -1;
    private int _smBusMappedAt = -1;
    private byte _smiCommand;
    private byte _smiStatus;

    /// <summary>Creates the function; its register blocks appear where the guest or <see cref="PlaceRegisters"/> puts them.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="ports">The port space.</param>
    /// <param name="sci">The system control interrupt, IRQ9.</param>
    /// <param name="machine">Who switches the machine off.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    /// <param name="has32BitTimer">True to widen the power management timer from the PIIX4's 24 bits to 32.</param>
    public Piix4PowerManagement(
        MachineClock clock, PortBus ports, IrqLine sci, IMachineControl machine, DiagnosticLog log, bool has32BitTimer = false)
        : base("piix4-pm", new PciIdentity(0x8086, 0x7113, 0x068000, Revision: 3), interruptPin: 1)
    {
        _ports = ports;
        _log = log;
        Acpi = new AcpiRegisters(clock, sci, machine, log, has32BitTimer);
        _smBus = new SmBusHost(SmBusInterrupt);
        SmiPorts = new BytePorts(2, offset => offset == 0 ? _smiCommand : _smiStatus, WriteSmi);

        DefineByte(0x06, 0x80, 0);
        DefineByte(0x07, 0x02, 0);
        DefineUInt32(PmBaseOffset, 1, 0xffc0);
        for (int offset = 0x44; offset < 0x80; offset++)
        {
            DefineByte(offset, 0, 0xff);    // counters and device resources: storage
        }

        // DEVACTB.APMC_EN. There is no system management mode here; firmware takes the bit for the sign that its handler is in place already.
        DefineByte(0x5b, 0x02, 0xff);
        DefineByte(PmEnableOffset, 0, 0x01);
        DefineUInt32(SmBusBaseOffset, 1, 0xfff0);
        DefineByte(SmBusConfigurationOffset, 0, 0x0f);
        DefineUInt32(0xd4, 0, 0x00ff_ffff);
    }

    /// <summary>The ACPI registers.</summary>
    public AcpiRegisters Acpi { get; }

    /// <summary>First port of the ACPI registers as the base register has it, enabled or not.</summary>
    public ushort PmBase => (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(Configuration[PmBaseOffset..]) & 0xffc0);

    /// <summary>The SMI command and status ports.</summary>
    public IPortDevice SmiPorts { get; }

    /// <summary>Claims the SMI command and status ports.</summary>
    public void Map(PortBus ports) => ports.Map(SmiCommandPort, 2, SmiPorts, "smi");

    /// <summary>Does what firmware does: gives the register blocks their addresses and enables them.</summary>
    /// <param name="pmBase">First port of the ACPI registers; a multiple of 64.</param>
    /// <param name="smBusBase">First port of the SMBus host; a multiple of 16.</param>
    public void PlaceRegisters(ushort pmBase, ushort smBusBase)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration[PmBaseOffset..], (ushort)((pmBase & 0xffc0) | 1));
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration[SmBusBaseOffset..], (ushort)((smBusBase & 0xfff0) | 1));
        Configuration[PmEnableOffset] = 1;
        Configuration[SmBusConfigurationOffset] = 9;    // enabled, interrupt by IRQ9
        Configuration[CommandOffset] |= (byte)CommandIo;
        UpdatePorts();
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _smiCommand = _smiStatus = 0;
        _smBus.Reset();
        Acpi.Reset();
        UpdatePorts();
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        writer.Write("smi-command", _smiCommand);
        writer.Write("smi-status", _smiStatus);
        Acpi.Save(writer);
        _smBus.Save(writer);
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        base.Restore(reader);
        _smiCommand = reader.ReadByte("smi-command");
        _smiStatus = reader.ReadByte("smi-status");
        Acpi.Restore(reader);
        _smBus.Restore(reader);
        UpdatePorts();
    }

    /// <inheritdoc/>
    protected override void ConfigurationWritten(int offset, int byteCount) => UpdatePorts();

    private void WriteSmi(int offset, byte value)
    {
        if (offset == 1)
        {
            _smiStatus = value;
            return;
        }

        _smiCommand = value;
        if (value is AcpiEnableCommand or AcpiDisableCommand)
        {
            Acpi.IsSciEnabled = value == AcpiEnableCommand;
        }
    }

    private void SmBusInterrupt(bool asserted)
        => Acpi.SetOtherSciSource(asserted && (Configuration[SmBusConfigurationOffset] & 0x0e) == 8);

    private void UpdatePorts()
    {
        int pmBase = PmBase;
        int smBusBase = BinaryPrimitives.ReadUInt16LittleEndian(Configuration[SmBusBaseOffset..]) & 0xfff0;
        bool smBusDecoded = (Configuration[SmBusConfigurationOffset] & 1) != 0 && (Command & CommandIo) != 0;
        Move(ref _pmMappedAt, (Configuration[PmEnableOffset] & 1) != 0 ? pmBase : 0, AcpiRegisters.PortCount, Acpi, "acpi");
        Move(ref _smBusMappedAt, smBusDecoded ? smBusBase : 0, SmBusHost.PortCount, _smBus.Ports, "smbus");
    }

    private void Move(ref int mappedAt, int wanted, int portCount, IPortDevice device, string name)
    {
        wanted = wanted == 0 ? -1 : wanted;
        if (wanted == mappedAt)
        {
            return;
        }

        if (mappedAt >= 0)
        {
            _ports.Unmap(mappedAt, portCount, device);
            mappedAt = -1;
        }

        if (wanted < 0)
        {
            return;
        }

        if (!_ports.IsFree(wanted, portCount))
        {
            _log.GuestMisuse(Name, "register block set onto something else; it stays unmapped", (ulong)wanted);
            return;
        }

        _ports.Map(wanted, portCount, device, name);
        mappedAt = wanted;
    }
}
