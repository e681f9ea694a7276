namespace Sosia.Host.Linux.Network;

/// <summary>The error numbers of sockets that callers tell apart (errno(3)).</summary>
public static class SocketErrorNumber
{
    /// <summary>EINPROGRESS: the connection is being made.</summary>
    public const int InProgress = 115;

    /// <summary>ECONNREFUSED: nobody listens there.</summary>
    public const int ConnectionRefused = 111;

    /// <summary>ETIMEDOUT: no answer.</summary>
    public const int TimedOut = 110;

    /// <summary>ENETUNREACH: there is no way there.</summary>
    public const int NetworkUnreachable = 101;

    /// <summary>EHOSTUNREACH: there is no way to that host.</summary>
    public const int HostUnreachable = 113;

    /// <summary>EMFILE: this process has no file descriptor left.</summary>
    public const int TooManyFiles = 24;
}
