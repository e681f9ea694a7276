using System;
using System.Buffers.Binary;
using Sosia.Devices.Apic;
using Sosia.Devices.Chipset;

namespace Sosia.Machines.Acpi;

/// <summary>The ACPI tables of the machine "microvm": hardware-reduced, with the virtio devices as LNRO0005.</summary>
internal static class MicrovmAcpi
{
    private const int FadtByteCount = 276;
    private const uint FlagResetRegister = 1 << 10;
    private const uint FlagHardwareReduced = 1 << 20;
    private const ushort NoVga = 4;

    /// <summary>Makes the tables.</summary>
    /// <param name="virtioCount">How many virtio devices there are.</param>
    /// <param name="cpuCount">How many processors there are.</param>
    public static AcpiImage Build(int virtioCount, int cpuCount)
    {
        var tables = new AcpiTables();
        int dsdt = tables.Place(AcpiTables.NewDefinitionBlock(DefinitionBlock(virtioCount, cpuCount)));
        tables.Add(Fadt(dsdt), new AcpiPointer(40, 4), new AcpiPointer(140, 8));
        tables.Add(new MadtBuilder()
            .LocalApics(cpuCount)
            .IoApic(0, (uint)IoApic.DefaultBase, 0)
            .LocalNmi(1)
            .Build((uint)LocalApic.DefaultBase, hasPic: false));
        return tables.Finish();
    }

    private static byte[] Fadt(int dsdt)
    {
        byte[] table = AcpiTables.NewTable("FACP", 6, FadtByteCount);
        Span<byte> fadt = table;
        BinaryPrimitives.WriteInt32LittleEndian(fadt[40..], dsdt);
        BinaryPrimitives.WriteUInt16LittleEndian(fadt[109..], NoVga);
        BinaryPrimitives.WriteUInt32LittleEndian(fadt[112..], FlagHardwareReduced | FlagResetRegister);
        Port(fadt[116..], MicrovmMachine.SleepBase + SleepPorts.ResetOffset);
        fadt[128] = SleepPorts.ResetValue;
        BinaryPrimitives.WriteInt64LittleEndian(fadt[140..], dsdt);
        Port(fadt[244..], MicrovmMachine.SleepBase + SleepPorts.ControlOffset);
        Port(fadt[256..], MicrovmMachine.SleepBase + SleepPorts.StatusOffset);
        return table;
    }

    private static void Port(Span<byte> generic, int port)
    {
        generic[0] = 1;
        generic[1] = 8;
        generic[3] = 1;
        BinaryPrimitives.WriteUInt64LittleEndian(generic[4..], (ulong)port);
    }

    private static byte[] DefinitionBlock(int virtioCount, int cpuCount)
    {
        var aml = new AmlWriter();
        aml.Scope("\\_SB", () =>
        {
            ProcessorTables.Describe(aml, cpuCount);
            aml.Device("COM1", () =>
            {
                aml.NameEisaId("_HID", "PNP0501");
                aml.Name("_UID", 1);
                aml.Name("_CRS", () => aml.Resources(new ResourceTemplate().Ports(0x3f8, 8).EdgeInterrupt(4)));
            });
            aml.Device("RTC", () =>
            {
                aml.NameEisaId("_HID", "PNP0B00");
                aml.Name("_CRS", () => aml.Resources(new ResourceTemplate().Ports(0x70, 2).EdgeInterrupt(8)));
            });
            for (int i = 0; i < virtioCount; i++)
            {
                VirtioDevice(aml, i);
            }
        });
        aml.Name("\\_S5", () => aml.Package(4, () =>
        {
            aml.Integer(SleepPorts.SoftOffType);
            aml.Integer(0);
            aml.Integer(0);
            aml.Integer(0);
        }));
        return aml.ToArray();
    }

    private static void VirtioDevice(AmlWriter aml, int index) => aml.Device($"VR{index:d2}", () =>
    {
        aml.NameString("_HID", "LNRO0005");
        aml.Name("_UID", (ulong)index);
        aml.Name("_CCA", 1);
        aml.Name("_CRS", () => aml.Resources(new ResourceTemplate()
            .Memory((uint)(MicrovmMachine.VirtioBase + ((ulong)index * MicrovmMachine.VirtioStride)), (uint)MicrovmMachine.VirtioStride)
            .LevelInterrupts(isShared: false, (uint)(MicrovmMachine.FirstVirtioInput + index))));
    });
}
