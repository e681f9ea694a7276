using System;

namespace Sosia.Images;

/// <summary>A state of a disk that is kept inside its image.</summary>
/// <param name="Id">The number that the image gave it, as text; unique in the image.</param>
/// <param name="Name">The name that the user gave it.</param>
/// <param name="Time">When it was made.</param>
/// <param name="VirtualByteCount">The disk's size then.</param>
/// <param name="MachineStateByteCount">How much machine state (RAM, devices) another program kept with it; 0 for a disk snapshot.</param>
public sealed record DiskSnapshot(string Id, string Name, DateTimeOffset Time, ulong VirtualByteCount, ulong MachineStateByteCount);
