using System;
using System.Buffers.Binary;
using Sosia.Devices.Apic;
using Sosia.Devices.Chipset;
using Sosia.Devices.Hpet;
using Sosia.Devices.Mc146818;
using Sosia.Devices.Pci;

namespace Sosia.Machines.Acpi;

/// <summary>The ACPI tables of the machine "pc": what its board looks like to an operating system.</summary>
internal static class PcAcpi
{
    private const int FadtByteCount = 244;
    private const int FadtSciIrq = 9;

    // FADT flags (ACPI specification 6.4, table 5.10).
    private const uint FlagWbinvd = 1 << 0;
    private const uint FlagProcessorC1 = 1 << 2;
    private const uint FlagNoSleepButton = 1 << 5;
    private const uint FlagRtcWakesFromS4 = 1 << 7;
    private const uint FlagTimer32Bit = 1 << 8;
    private const uint FlagResetRegister = 1 << 10;

    // IA-PC boot architecture flags (table 5.11).
    private const ushort LegacyDevices = 1;
    private const ushort KeyboardController = 2;
    private const ushort NoVga = 4;

    private const int ResetPort = 0xcf9;
    private const byte ResetValue = 6;

    // Where PCI memory may be: from the end of RAM to the I/O APIC.
    private const uint PciMemoryEnd = 0xfec0_0000;

    private static readonly uint[] RoutableIrqs = [5, 10, 11];

    /// <summary>Makes the tables.</summary>
    /// <param name="lowMemoryEnd">Where the RAM below 4 GiB ends.</param>
    /// <param name="pmBase">First port of the ACPI registers.</param>
    /// <param name="has32BitTimer">True when the power management timer has 32 bits.</param>
    /// <param name="cpuCount">How many processors there are.</param>
    public static AcpiImage Build(ulong lowMemoryEnd, ushort pmBase, bool has32BitTimer, int cpuCount)
    {
        var tables = new AcpiTables();
        int facs = tables.PlaceFacs();
        int dsdt = tables.Place(AcpiTables.NewDefinitionBlock(DefinitionBlock((uint)lowMemoryEnd, cpuCount)));
        tables.Add(Fadt(facs, dsdt, pmBase, has32BitTimer), new AcpiPointer(36, 4), new AcpiPointer(40, 4), new AcpiPointer(140, 8));
        MadtBuilder madt = new MadtBuilder()
            .LocalApics(cpuCount)
            .IoApic(0, (uint)IoApic.DefaultBase, 0)
            .Override(0, 2, 0)
            .Override(FadtSciIrq, FadtSciIrq, MadtBuilder.HighLevel)
            .LocalNmi(1);
        foreach (uint irq in RoutableIrqs)
        {
            madt.Override((byte)irq, irq, MadtBuilder.HighLevel);
        }

        tables.Add(madt.Build((uint)LocalApic.DefaultBase, hasPic: true));
        tables.Add(HpetTable());
        return tables.Finish();
    }

    private static byte[] Fadt(int facs, int dsdt, ushort pmBase, bool has32BitTimer)
    {
        byte[] table = AcpiTables.NewTable("FACP", 3, FadtByteCount);
        Span<byte> fadt = table;
        BinaryPrimitives.WriteInt32LittleEndian(fadt[36..], facs);
        BinaryPrimitives.WriteInt32LittleEndian(fadt[40..], dsdt);
        BinaryPrimitives.WriteUInt16LittleEndian(fadt[46..], FadtSciIrq);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt[48..], Piix4PowerManagement.SmiCommandPort);
        fadt[52] = Piix4PowerManagement.AcpiEnableCommand;
        fadt[53] = Piix4PowerManagement.AcpiDisableCommand;
        Block(fadt, 56, 88, 148, pmBase + AcpiRegisters.Pm1EventOffset, 4, accessByteCount: 2);
        Block(fadt, 64, 89, 172, pmBase + AcpiRegisters.Pm1ControlOffset, 2, accessByteCount: 2);
        Block(fadt, 76, 91, 208, pmBase + AcpiRegisters.PmTimerOffset, 4, accessByteCount: 4);
        Block(fadt, 80, 92, 220, pmBase + AcpiRegisters.Gpe0Offset, 4, accessByteCount: 1);
        // Latencies above these limits say that the power states C2 and C3 do not exist.
        BinaryPrimitives.WriteUInt16LittleEndian(fadt[96..], 0xfff);
        BinaryPrimitives.WriteUInt16LittleEndian(fadt[98..], 0xfff);
        fadt[108] = RealTimeClock.CenturyRegister;
        BinaryPrimitives.WriteUInt16LittleEndian(fadt[109..], LegacyDevices | KeyboardController | NoVga);
        BinaryPrimitives.WriteUInt32LittleEndian(
            fadt[112..],
            FlagWbinvd | FlagProcessorC1 | FlagNoSleepButton | FlagRtcWakesFromS4 | FlagResetRegister | (has32BitTimer ? FlagTimer32Bit : 0));
        PortAddress(fadt[116..], ResetPort, 8, 1);
        fadt[128] = ResetValue;
        BinaryPrimitives.WriteInt64LittleEndian(fadt[140..], dsdt);
        return table;
    }

    // A register block: 32-bit port number, length, and the generic address that repeats both.
    private static void Block(Span<byte> fadt, int portOffset, int lengthOffset, int genericOffset, int port, byte byteCount, int accessByteCount)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(fadt[portOffset..], (uint)port);
        fadt[lengthOffset] = byteCount;
        PortAddress(fadt[genericOffset..], port, 8 * byteCount, accessByteCount);
    }

    private static void PortAddress(Span<byte> generic, int port, int bitCount, int accessByteCount)
    {
        generic[0] = 1;
        generic[1] = (byte)bitCount;
        generic[3] = (byte)(accessByteCount == 4 ? 3 : accessByteCount);
        BinaryPrimitives.WriteUInt64LittleEndian(generic[4..], (ulong)port);
    }

    // IA-PC HPET Specification 1.0a, section 3.2.4.
    private static byte[] HpetTable()
    {
        byte[] table = AcpiTables.NewTable("HPET", 1, 56);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(36), 0x8086_a201);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(44), EventTimers.DefaultBase);
        return table;
    }

    private static byte[] DefinitionBlock(uint lowMemoryEnd, int cpuCount)
    {
        var aml = new AmlWriter();
        aml.Scope("\\_SB", () =>
        {
            ProcessorTables.Describe(aml, cpuCount);
            aml.Device("PCI0", () => HostBridge(aml, lowMemoryEnd));
            for (int link = 0; link < 4; link++)
            {
                LinkDevice(aml, link);
            }

            aml.Device("HPET", () =>
            {
                aml.NameEisaId("_HID", "PNP0103");
                aml.Name("_CRS", () => aml.Resources(new ResourceTemplate().Memory((uint)EventTimers.DefaultBase, (uint)EventTimers.ByteCount)));
            });
        });
        aml.Name("\\_S5", () => aml.Package(4, () =>
        {
            for (int i = 0; i < 4; i++)
            {
                aml.Integer(0);
            }
        }));
        return aml.ToArray();
    }

    private static void HostBridge(AmlWriter aml, uint lowMemoryEnd)
    {
        aml.NameEisaId("_HID", "PNP0A03");
        aml.Name("_UID", 0);
        aml.Name("_CRS", () => aml.Resources(new ResourceTemplate()
            .BusWindow(0, 255)
            .Ports(0xcf8, 8)
            .PortWindow(0, 0xcf7)
            .PortWindow(0xd00, 0xffff)
            .MemoryWindow(0xa_0000, 0xb_ffff, isCacheable: true)
            .MemoryWindow(lowMemoryEnd, PciMemoryEnd - 1, isCacheable: false)));
        const int Devices = 32;
        aml.Name("_PRT", () => aml.Package(Devices * 4, () =>
        {
            for (int device = 0; device < Devices; device++)
            {
                for (int pin = 0; pin < 4; pin++)
                {
                    Route(aml, device, pin);
                }
            }
        }));
        aml.Device("ISA", () => IsaBridge(aml));
    }

    private static void Route(AmlWriter aml, int device, int pin) => aml.Package(4, () =>
    {
        aml.Integer(((uint)device << 16) | 0xffff);
        aml.Integer((uint)pin);
        aml.Reference(LinkName(PciBus.WireOf(device, pin + 1)));
        aml.Integer(0);
    });

    private static void IsaBridge(AmlWriter aml)
    {
        aml.Name("_ADR", 0x0001_0000);
        aml.OperationRegion("PIRQ", AmlWriter.PciConfigurationSpace, 0x60, 4);
        aml.ByteFields("PIRQ", "PRQA", "PRQB", "PRQC", "PRQD");
        IsaDevice(aml, "KBD", "PNP0303", null, new ResourceTemplate().Ports(0x60, 1).Ports(0x64, 1).IsaInterrupt(1));
        IsaDevice(aml, "MOU", "PNP0F13", null, new ResourceTemplate().IsaInterrupt(12));
        IsaDevice(aml, "RTC", "PNP0B00", null, new ResourceTemplate().Ports(0x70, 2).IsaInterrupt(8));
        IsaDevice(aml, "COM1", "PNP0501", 1, new ResourceTemplate().Ports(0x3f8, 8).IsaInterrupt(4));
        IsaDevice(aml, "COM2", "PNP0501", 2, new ResourceTemplate().Ports(0x2f8, 8).IsaInterrupt(3));
    }

    private static void IsaDevice(AmlWriter aml, string name, string id, ulong? number, ResourceTemplate resources) => aml.Device(name, () =>
    {
        aml.NameEisaId("_HID", id);
        if (number is { } uid)
        {
            aml.Name("_UID", uid);
        }

        aml.Name("_STA", 0x0f);
        aml.Name("_CRS", () => aml.Resources(resources));
    });

    // A PCI interrupt link: which ISA interrupt one of the PIIX3's four wires drives.
    private static void LinkDevice(AmlWriter aml, int link)
    {
        const ulong Disabled = 0x80;
        const ulong InterruptOffset = 5;
        string route = $"PCI0.ISA.PRQ{(char)('A' + link)}";
        string scoped = "\\_SB." + route;
        aml.Device(LinkName(link)[5..], () =>
        {
            aml.NameEisaId("_HID", "PNP0C0F");
            aml.Name("_UID", (ulong)link);
            aml.Name("_PRS", () => aml.Resources(new ResourceTemplate().LevelInterrupts(isShared: true, RoutableIrqs)));
            aml.Name("BUFF", () => aml.Resources(new ResourceTemplate().LevelInterrupts(isShared: true, 0)));
            aml.Method("_STA", 0, () =>
            {
                aml.If(() => aml.And(() => aml.Reference(scoped), Disabled, null), () => aml.Return(() => aml.Integer(9)));
                aml.Return(() => aml.Integer(0x0b));
            });
            aml.Method("_DIS", 0, () => aml.Or(() => aml.Reference(scoped), Disabled, scoped));
            aml.Method("_CRS", 0, () =>
            {
                aml.CreateDWordField(() => aml.Reference("BUFF"), InterruptOffset, "IRQW");
                aml.And(() => aml.Reference(scoped), 0x0f, "IRQW");
                aml.Return(() => aml.Reference("BUFF"));
            });
            aml.Method("_SRS", 1, () =>
            {
                aml.CreateDWordField(aml.Argument0, InterruptOffset, "IRQW");
                aml.Store(() => aml.Reference("IRQW"), scoped);
            });
        });
    }

    private static string LinkName(int link) => $"\\_SB.LNK{(char)('A' + link)}";
}
