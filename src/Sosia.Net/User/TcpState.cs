namespace Sosia.Net.User;

/// <summary>How far a connection is.</summary>
internal enum TcpState
{
    /// <summary>The guest has asked; the host's socket is being connected, and only then the guest gets an answer.</summary>
    Connecting,

    /// <summary>The guest has asked and was answered.</summary>
    SynReceived,

    /// <summary>Somebody has connected to a port of the host, and the guest is asked.</summary>
    SynSent,

    /// <summary>Both directions are open, or were: how far their ends are is in flags.</summary>
    Established,

    /// <summary>It is over.</summary>
    Closed,
}
