namespace Sosia.Net;

/// <summary>What is behind a card.</summary>
public enum NetworkKind
{
    /// <summary>A network of the host's making, with the host as gateway (<see cref="User.UserNetwork"/>).</summary>
    User,

    /// <summary>Another machine at the other end of a TCP connection.</summary>
    Socket,

    /// <summary>A tap interface of the host.</summary>
    Tap,

    /// <summary>A switch in this process; for programs that use the library.</summary>
    Switch,

    /// <summary>Nothing: the cable is not plugged in.</summary>
    None,
}
