namespace Sosia.Machines.Boot;

/// <summary>Kinds of memory map lines, with the values of ACPI specification 6.4, table 15.1.</summary>
public enum MemoryRangeKind
{
    /// <summary>RAM that the operating system may use.</summary>
    Usable = 1,

    /// <summary>Not to be used.</summary>
    Reserved = 2,

    /// <summary>ACPI tables: usable once they have been read.</summary>
    AcpiReclaimable = 3,

    /// <summary>ACPI memory that must be kept.</summary>
    AcpiNonVolatile = 4,
}
