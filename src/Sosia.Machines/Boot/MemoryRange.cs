namespace Sosia.Machines.Boot;

/// <summary>One line of the memory map that a PC gives to its operating system (ACPI specification 6.4, table 15.4, INT 15h E820h).</summary>
/// <param name="GuestPhysical">First address.</param>
/// <param name="ByteCount">Size in bytes.</param>
/// <param name="Kind">What lies there; the numeric value is the one that all boot protocols use.</param>
public readonly record struct MemoryRange(ulong GuestPhysical, ulong ByteCount, MemoryRangeKind Kind);
