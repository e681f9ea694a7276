using System;
using Sosia.Net.Capture;

namespace Sosia.Net;

/// <summary>What connects a card with what is behind it: two ends, between which frames travel both ways without loss, and optionally a record of them.</summary>
public sealed class NetworkCable : IDisposable
{
    private const int DefaultByteCount = 1 << 20;

    private readonly PcapWriter? _capture;

    /// <summary>Creates a cable with nothing at its ends.</summary>
    /// <param name="capture">Where its frames are recorded; null for nowhere. Disposed of with the cable.</param>
    public NetworkCable(PcapWriter? capture = null)
    {
        _capture = capture;
        var toBackend = new FrameQueue(DefaultByteCount);
        var toCard = new FrameQueue(DefaultByteCount);
        Card = new CableEnd(toBackend, toCard, capture);
        Backend = new CableEnd(toCard, toBackend, capture);
        Card.Peer = Backend;
        Backend.Peer = Card;
    }

    /// <summary>The end that is plugged into a machine's card.</summary>
    public CableEnd Card { get; }

    /// <summary>The end that is plugged into a network, a switch or another machine.</summary>
    public CableEnd Backend { get; }

    /// <inheritdoc/>
    public void Dispose() => _capture?.Dispose();
}
