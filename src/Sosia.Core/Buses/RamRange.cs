namespace Sosia.Core.Buses;

/// <summary>A run of RAM or ROM in the guest physical address space.</summary>
/// <param name="GuestPhysical">Where it begins.</param>
/// <param name="ByteCount">How long it is.</param>
/// <param name="RamOffset">Which part of the machine's RAM it is.</param>
/// <param name="IsReadOnly">True for ROM.</param>
/// <param name="TracksWrites">True when somebody wants to know which of its pages are written (a frame buffer).</param>
public readonly record struct RamRange(ulong GuestPhysical, ulong ByteCount, ulong RamOffset, bool IsReadOnly, bool TracksWrites);
