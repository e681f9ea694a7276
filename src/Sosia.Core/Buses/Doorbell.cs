namespace Sosia.Core.Buses;

/// <summary>A register of a device that a driver writes only to say that there is work, and whose value says nothing else.</summary>
/// <param name="Offset">Where it is in the device's range.</param>
/// <param name="ByteCount">How wide the driver's write is.</param>
/// <param name="Value">The value that rings this bell, where several share a register; null for any.</param>
public readonly record struct Doorbell(ulong Offset, int ByteCount, ulong? Value);
