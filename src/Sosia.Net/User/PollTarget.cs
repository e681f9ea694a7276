using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>Something with a host socket that <see cref="PollLoop"/> looks after.</summary>
internal abstract class PollTarget
{
    public HostSocket? Socket { get; set; }

    public ulong Token { get; set; }

    public Readiness Interest { get; set; }

    /// <summary>The socket is ready for something.</summary>
    public abstract void Ready(Readiness readiness);
}
