namespace Sosia.Machines.Acpi;

/// <summary>How the tables of every machine describe its processors: APIC id and ACPI processor number are the index.</summary>
internal static class ProcessorTables
{
    /// <summary>Adds a processor device (ACPI specification 6.4, section 8.4) for each processor, in the scope \_SB.</summary>
    public static void Describe(AmlWriter aml, int cpuCount)
    {
        for (int i = 0; i < cpuCount; i++)
        {
            ulong number = (ulong)i;
            aml.Device($"C{i:d3}", () =>
            {
                aml.NameString("_HID", "ACPI0007");
                aml.Name("_UID", number);
            });
        }
    }

    /// <summary>Adds a local APIC for each processor.</summary>
    public static MadtBuilder LocalApics(this MadtBuilder madt, int cpuCount)
    {
        for (int i = 0; i < cpuCount; i++)
        {
            madt.LocalApic((byte)i, (byte)i);
        }

        return madt;
    }
}
