namespace Sosia.Control.Properties;

/// <summary>An exception as the kernel of <see cref="BareGuest"/> wrote it down.</summary>
/// <param name="Vector">Its vector.</param>
/// <param name="ErrorCode">Its error code; 0 for those that have none.</param>
/// <param name="Rip">The address of the instruction that it would have gone on with.</param>
/// <param name="CodeSelector">CS, whose two lowest bits are the privilege level.</param>
/// <param name="Rflags">RFLAGS.</param>
/// <param name="Cr2">CR2: for a page fault the address.</param>
internal readonly record struct CaughtFault(int Vector, uint ErrorCode, ulong Rip, ushort CodeSelector, ulong Rflags, ulong Cr2);
