using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Terminal;

/// <summary>This process, as its terminal's shell sees it.</summary>
public static partial class HostProcess
{
    private const int StopSignal = 19;

    /// <summary>Stops all threads until somebody continues the process (SIGCONT), for example a shell's <c>fg</c>.</summary>
    /// <remarks>The signal goes to the calling thread, which so does not return before the process was stopped and continued.</remarks>
    public static void Stop() => _ = Raise(StopSignal);

    [LibraryImport("libc", EntryPoint = "raise")]
    private static partial int Raise(int signal);
}
