namespace Sosia.Devices.Virtio;

/// <summary>A run of guest memory that is part of a request.</summary>
/// <param name="GuestPhysical">Where it begins.</param>
/// <param name="ByteCount">How long it is.</param>
public readonly record struct GuestSegment(ulong GuestPhysical, ulong ByteCount);
