namespace Sosia.Machines.Acpi;

/// <summary>A byte in a set of ACPI tables that makes the sum over a range zero.</summary>
/// <param name="Offset">Where the byte is.</param>
/// <param name="Start">First byte of the range.</param>
/// <param name="ByteCount">Bytes in the range; the checksum's own byte is one of them.</param>
internal readonly record struct AcpiChecksum(int Offset, int Start, int ByteCount);
