using Sosia.Devices.Chipset;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Chipset;

public sealed class ChipsetTests
{
    private const ulong Dram = 0x10_0000;
    private const ulong Rom = 0x14_0000;
    private const int PmBase = 0x600;
    private const int SmBusBase = 0x700;

    private readonly TestBoard _board = new();
    private readonly PciBus _bus;
    private readonly I440FxHostBridge _host;
    private readonly Piix3IsaBridge _isa;
    private readonly Piix4PowerManagement _pm;

    public ChipsetTests()
    {
        _bus = new PciBus(_board.Memory, _board.Ports, messages: null, _board.Log);
        _bus.Map();
        _host = new I440FxHostBridge(_board.Memory, Dram, Rom);
        _isa = new Piix3IsaBridge(_board.Irqs, _board);
        _pm = new Piix4PowerManagement(_board.Clock, _board.Ports, _board.Line(9), _board, _board.Log);
        _pm.Map(_board.Ports);
        _bus.Add(_host, 0);
        _bus.Add(_isa, 1);
        _bus.Add(_pm, 1, 3);
        _bus.InterruptSink = _isa;
        _bus.ResetControl = _isa.ResetControl;
        _pm.PlaceRegisters(PmBase, SmBusBase);
    }

    private void WriteConfig(int device, int function, int register, uint value, int byteCount)
    {
        _board.Ports.Write(0xcf8, 4, 0x8000_0000u | (uint)(device << 11) | (uint)(function << 8) | (uint)(register & 0xfc));
        _board.Ports.Write((ushort)(0xcfc + (register & 3)), byteCount, value);
    }

    private uint ReadConfig(int device, int function, int register, int byteCount)
    {
        _board.Ports.Write(0xcf8, 4, 0x8000_0000u | (uint)(device << 11) | (uint)(function << 8) | (uint)(register & 0xfc));
        return _board.Ports.Read((ushort)(0xcfc + (register & 3)), byteCount);
    }

    [Fact]
    public void The_functions_identify_themselves()
    {
        Assert.Equal(0x12378086u, ReadConfig(0, 0, 0, 4));
        Assert.Equal(0x70008086u, ReadConfig(1, 0, 0, 4));
        Assert.Equal(0x71138086u, ReadConfig(1, 3, 0, 4));
        Assert.Equal(0x80u, ReadConfig(1, 0, 0x0e, 1));
        Assert.Equal(0x06010000u, ReadConfig(1, 0, 8, 4));
    }

    [Fact]
    public void The_attribute_map_chooses_rom_or_dram_for_reads_and_writes_separately()
    {
        _board.Ram.Write(Rom + 0x3_0000, [0x11]);
        _board.Ram.Write(Dram + 0x3_0000, [0x22]);
        Assert.Equal(0x11ul, _board.Memory.Read(0xf0000, 1));
        _board.Memory.Write(0xf0000, 1, 0x33);
        Assert.Equal(0x11ul, _board.Memory.Read(0xf0000, 1));

        WriteConfig(0, 0, 0x59, 0x20, 1);       // reads from ROM, writes to DRAM
        _board.Memory.Write(0xf0000, 1, 0x44);
        Assert.Equal(0x11ul, _board.Memory.Read(0xf0000, 1));

        WriteConfig(0, 0, 0x59, 0x10, 1);       // DRAM, write-protected
        Assert.Equal(0x44ul, _board.Memory.Read(0xf0000, 1));
        _board.Memory.Write(0xf0000, 1, 0x55);
        Assert.Equal(0x44ul, _board.Memory.Read(0xf0000, 1));

        WriteConfig(0, 0, 0x59, 0x30, 1);
        _board.Memory.Write(0xf0000, 1, 0x55);
        Assert.Equal(0x55ul, _board.Memory.Read(0xf0000, 1));
        _host.Reset();
        Assert.Equal(0x11ul, _board.Memory.Read(0xf0000, 1));
    }

    [Fact]
    public void Each_16_kib_segment_has_its_own_attributes()
    {
        WriteConfig(0, 0, 0x5b, 0x30, 1);       // PAM2 high: 0xCC000
        _board.Memory.Write(0xcbffc, 8, 0x1122334455667788);
        Assert.Equal(0x11223344ul << 32, _board.Memory.Read(0xcbffc, 8));
    }

    [Fact]
    public void Pci_interrupts_are_routed_to_isa_interrupts_and_move_with_the_route()
    {
        _isa.SetPirq(2, true);
        Assert.False(_board.Irqs[11]);
        WriteConfig(1, 0, 0x62, 11, 1);
        Assert.True(_board.Irqs[11]);
        WriteConfig(1, 0, 0x62, 5, 1);
        Assert.False(_board.Irqs[11]);
        Assert.True(_board.Irqs[5]);
        WriteConfig(1, 0, 0x62, 8, 1);
        Assert.False(_board.Irqs[5]);
        Assert.False(_board.Irqs[8]);
    }

    [Fact]
    public void Reset_control_resets_on_a_rising_bit_2()
    {
        _board.Out(0xcf9, 0x02);
        Assert.Equal(0, _board.Resets);
        _board.Out(0xcf9, 0x06);
        Assert.Equal(1, _board.Resets);
        Assert.Equal(0x06, _board.In(0xcf9));
        Assert.Equal(0, _board.ProcessorResets);
    }

    [Fact]
    public void Reset_control_without_bit_1_resets_the_processors_only()
    {
        _board.Out(0xcf9, 0x00);
        _board.Out(0xcf9, 0x04);
        Assert.Equal((0, 1), (_board.Resets, _board.ProcessorResets));
    }

    [Fact]
    public void The_pm_timer_counts_at_3579545_hertz_and_wraps_at_24_bits()
    {
        _board.AdvanceTo(1_000_000_000);
        Assert.Equal(3_579_545u, _board.Ports.Read(PmBase + 8, 4));
        _board.AdvanceTo(5_000_000_000);
        Assert.Equal((5 * 3_579_545u) & 0xffffff, _board.Ports.Read(PmBase + 8, 4));
    }

    [Fact]
    public void The_pm_timer_interrupts_when_its_top_bit_changes()
    {
        _board.Out(0xb2, Piix4PowerManagement.AcpiEnableCommand);
        _board.Ports.Write(PmBase + 2, 2, 1);
        const long Half = ((1L << 23) * 1_000_000_000 / 3_579_545) + 1;
        _board.AdvanceTo(Half - 1);
        Assert.False(_board.Irqs[9]);
        _board.AdvanceTo(Half);
        Assert.True(_board.Irqs[9]);
        Assert.Equal(1u, _board.Ports.Read(PmBase, 2));
        _board.Ports.Write(PmBase, 2, 1);
        Assert.False(_board.Irqs[9]);
        _board.AdvanceTo(2 * Half);
        Assert.True(_board.Irqs[9]);
    }

    [Fact]
    public void The_power_button_raises_the_sci_once_acpi_is_on()
    {
        _board.Ports.Write(PmBase + 2, 2, 0x100);
        _pm.Acpi.PressPowerButton();
        Assert.False(_board.Irqs[9]);
        _board.Out(0xb2, Piix4PowerManagement.AcpiEnableCommand);
        Assert.Equal(1u, _board.Ports.Read(PmBase + 4, 2) & 1);
        Assert.True(_board.Irqs[9]);
        _board.Ports.Write(PmBase, 2, 0x100);
        Assert.False(_board.Irqs[9]);
        _board.Out(0xb2, Piix4PowerManagement.AcpiDisableCommand);
        Assert.Equal(0u, _board.Ports.Read(PmBase + 4, 2) & 1);
    }

    [Fact]
    public void General_purpose_events_raise_the_sci()
    {
        _board.Out(0xb2, Piix4PowerManagement.AcpiEnableCommand);
        _board.Ports.Write(PmBase + 0x0e, 2, 4);
        _pm.Acpi.RaiseGeneralPurposeEvent(2);
        Assert.True(_board.Irqs[9]);
        _board.Ports.Write(PmBase + 0x0c, 2, 4);
        Assert.False(_board.Irqs[9]);
    }

    [Fact]
    public void Soft_off_powers_the_machine_off()
    {
        _board.Ports.Write(PmBase + 4, 2, 0x0001);
        Assert.Equal(0, _board.PowerOffs);
        _board.Ports.Write(PmBase + 4, 2, 0x2001);
        Assert.Equal(1, _board.PowerOffs);
        _board.Ports.Write(PmBase + 4, 2, 0x3401);
        Assert.Equal(1, _board.PowerOffs);
    }

    [Fact]
    public void Register_blocks_move_and_refuse_occupied_ports()
    {
        WriteConfig(1, 3, 0x40, 0x801, 4);
        Assert.Equal(0xffffffffu, _board.Ports.Read(PmBase + 8, 4));
        _board.Advance(1_000_000);
        Assert.Equal(3579u, _board.Ports.Read(0x808, 4));
        WriteConfig(1, 3, 0x40, 0x081, 4);      // over the SMI port
        Assert.NotEmpty(_board.Log.Counts);
    }

    [Fact]
    public void An_smbus_transaction_on_the_empty_bus_ends_with_a_device_error()
    {
        _board.Out(SmBusBase + 4, 0xa1);
        _board.Out(SmBusBase + 2, 0x48);
        Assert.Equal(0x04, _board.In(SmBusBase));
        _board.Out(SmBusBase, 0x04);
        Assert.Equal(0x00, _board.In(SmBusBase));
    }

    [Fact]
    public void A_snapshot_is_unobservable()
    {
        WriteConfig(0, 0, 0x59, 0x20, 1);
        WriteConfig(1, 0, 0x60, 10, 1);
        _isa.SetPirq(0, true);
        _board.Out(0xb2, Piix4PowerManagement.AcpiEnableCommand);
        _board.Ports.Write(PmBase + 2, 2, 0x101);
        _board.AdvanceTo(2_000_000_000);
        _board.Out(0xcf9, 0x02);
        var other = new ChipsetTests();
        other._board.Clock.AdvanceTo(_board.Clock.NowNanoseconds);
        TestBoard.Transfer(_bus, other._bus);
        TestBoard.Transfer(_host, other._host);
        TestBoard.Transfer(_isa, other._isa);
        TestBoard.Transfer(_pm, other._pm);
        Assert.Equal(0, other._board.Irqs.Edges(10));
        foreach (ChipsetTests each in new[] { this, other })
        {
            each._board.Memory.Write(0xf0000, 1, 0x66);
            each.WriteConfig(0, 0, 0x59, 0x10, 1);
            Assert.Equal(0x66ul, each._board.Memory.Read(0xf0000, 1));
            each._isa.SetPirq(0, false);
            Assert.False(each._board.Irqs[10]);
            each._board.AdvanceTo(2_400_000_000);
            Assert.True(each._board.Irqs[9]);
            Assert.Equal(0x02, each._board.In(0xcf9));
        }
    }
}
