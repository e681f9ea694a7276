using System;

namespace Sosia.Devices.Virtio;

/// <summary>What is at the other end of a virtio console port.</summary>
public interface IVirtioConsoleBackend
{
    /// <summary>The guest sent bytes. Called on the machine's thread; must not block, and must not keep the span.</summary>
    void Transmit(ReadOnlySpan<byte> bytes);
}
