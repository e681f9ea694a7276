using System;

namespace Sosia.Net;

/// <summary>What is behind a card: a network of the host's making, a switch, another machine. It holds one end of a cable until it is disposed of.</summary>
public interface INetworkBackend : IDisposable
{
    /// <summary>What it is, in a few words, for people.</summary>
    string Description { get; }
}
