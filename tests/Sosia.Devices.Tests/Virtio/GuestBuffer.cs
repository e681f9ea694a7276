namespace Sosia.Devices.Tests.Virtio;

internal readonly record struct GuestBuffer(ulong GuestPhysical, uint ByteCount, bool IsWritable = false);
