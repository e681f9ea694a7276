namespace Sosia.Isa.X86;

/// <summary>One link of the chain that led to a double or triple fault, for the report.</summary>
/// <param name="Vector">The vector.</param>
/// <param name="ErrorCode">The error code; 0 when it has none.</param>
/// <param name="Address">CR2 of a page fault, else 0.</param>
/// <param name="CodeSelector">CS at the faulting instruction.</param>
/// <param name="Rip">RIP of the faulting instruction.</param>
public readonly record struct FaultRecord(byte Vector, uint ErrorCode, ulong Address, ushort CodeSelector, ulong Rip);
