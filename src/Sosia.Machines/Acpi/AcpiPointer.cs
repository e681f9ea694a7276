namespace Sosia.Machines.Acpi;

/// <summary>A place in a set of ACPI tables that holds the address of one of its tables.</summary>
/// <param name="Offset">Where the address is stored, from the beginning of what holds it.</param>
/// <param name="ByteCount">4 or 8.</param>
internal readonly record struct AcpiPointer(int Offset, int ByteCount);
