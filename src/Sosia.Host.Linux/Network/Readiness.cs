using System;

namespace Sosia.Host.Linux.Network;

/// <summary>What a descriptor is ready for (epoll_ctl(2)).</summary>
[Flags]
public enum Readiness : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Something can be read, or the stream has ended.</summary>
    Read = 1,

    /// <summary>Something can be written; a connection was made.</summary>
    Write = 4,

    /// <summary>There is an error to be taken.</summary>
    Error = 8,

    /// <summary>Both directions have ended.</summary>
    HangUp = 0x10,
}
