using System;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Chipset;

/// <summary>
/// The ISA bridge of the 82371SB PIIX3 (Intel data sheet 290550), PCI function 0 of its device: routes the PCI interrupt wires to ISA
/// interrupts and owns the reset control register at port 0xCF9.
/// </summary>
public sealed class Piix3IsaBridge : PciFunction, IPciInterruptSink
{
    private const int RouteOffset = 0x60;
    private const byte RouteDisabled = 0x80;

    private readonly IMachineControl _machine;
    private readonly RoutedIrq[] _routes = new RoutedIrq[4];
    private readonly bool[] _levels = new bool[4];
    private byte _resetControl;

    /// <summary>Creates the bridge.</summary>
    /// <param name="interrupts">The ISA interrupt inputs, 0 to 15; wires that share one are OR-ed there.</param>
    /// <param name="machine">Who resets the machine.</param>
    public Piix3IsaBridge(IIrqSink interrupts, IMachineControl machine)
        : base("piix3", new PciIdentity(0x8086, 0x7000, 0x060100))
    {
        _machine = machine;
        for (int i = 0; i < 4; i++)
        {
            _routes[i] = new RoutedIrq(interrupts);
            DefineByte(RouteOffset + i, RouteDisabled, 0x8f);
        }

        DefineUInt16(CommandOffset, CommandIo | CommandMemory | CommandBusMaster, 0x0108);
        DefineByte(0x07, 0x02, 0);      // medium DEVSEL timing
        DefineByte(0x4c, 0x4d, 0xff);   // IORT
        DefineUInt16(0x4e, 0x0003, 0x01ff);   // XBCS
        DefineByte(0x69, 0x02, 0xfe);   // TOM
        DefineByte(0x6a, 0x00, 0xff);   // MSTAT
        DefineByte(0x70, 0x80, 0xef);   // MBIRQ0
        DefineByte(0x76, 0x0c, 0x8f);   // MBDMA
        DefineByte(0x77, 0x0c, 0x8f);
        DefineByte(0x78, 0x02, 0xff);   // PCSC
        DefineByte(0x80, 0x00, 0x3f);   // APICBASE
        DefineByte(0x82, 0x00, 0x0f);   // DLC
        DefineByte(0xa0, 0x08, 0x1f);   // SMICNTL
        DefineUInt16(0xa2, 0, 0x01ff);
        DefineUInt32(0xa4, 0, 0xffff_ffff);
        DefineByte(0xa8, 0x0f, 0xff);
        ResetControl = new BytePorts(1, _ => _resetControl, WriteResetControl);
    }

    /// <summary>The reset control register, port 0xCF9: give it to <see cref="PciBus.ResetControl"/>.</summary>
    public IPortDevice ResetControl { get; }

    /// <summary>Does what firmware does: routes the four wires.</summary>
    /// <param name="irqs">ISA interrupts for PIRQA to PIRQD.</param>
    public void RouteInterrupts(ReadOnlySpan<byte> irqs)
    {
        for (int i = 0; i < 4; i++)
        {
            Configuration[RouteOffset + i] = irqs[i];
        }

        UpdateRoutes();
    }

    /// <inheritdoc/>
    public void SetPirq(int wire, bool asserted)
    {
        _levels[wire] = asserted;
        UpdateRoutes();
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _resetControl = 0;
        UpdateRoutes();
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        writer.Write("rcr", _resetControl);
        for (int i = 0; i < 4; i++)
        {
            writer.Write($"pirq{i}", _levels[i]);
            writer.Write($"pirq{i}-irq", _routes[i].AssertedInput);
        }
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        base.Restore(reader);
        _resetControl = reader.ReadByte("rcr");
        for (int i = 0; i < 4; i++)
        {
            _levels[i] = reader.ReadBoolean($"pirq{i}");
            _routes[i].Restore(reader.ReadInt32($"pirq{i}-irq"));
        }
    }

    /// <inheritdoc/>
    protected override void ConfigurationWritten(int offset, int byteCount)
    {
        if (offset < RouteOffset + 4 && offset + byteCount > RouteOffset)
        {
            UpdateRoutes();
        }
    }

    private void UpdateRoutes()
    {
        for (int i = 0; i < 4; i++)
        {
            byte route = Configuration[RouteOffset + i];
            bool isRouted = (route & RouteDisabled) == 0 && IsRoutable(route & 15);
            _routes[i].Set(route & 15, _levels[i] && isRouted);
        }
    }

    // IRQ 0, 1, 2, 8 and 13 are reserved (data sheet, 2.2.10).
    private static bool IsRoutable(int irq) => ((0b1101_1110_1111_1000 >> irq) & 1) != 0;

    // RCR (data sheet, 2.5.4.2): a rising bit 2 resets, everything if bit 1 is set and the processors alone otherwise.
    private void WriteResetControl(int offset, byte value)
    {
        bool resets = (value & ~_resetControl & 4) != 0;
        _resetControl = (byte)(value & 6);
        if (resets && (value & 2) != 0)
        {
            _machine.RequestReset();
        }
        else if (resets)
        {
            _machine.RequestProcessorReset();
        }
    }
}
