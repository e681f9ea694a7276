using Sosia.Core;

namespace Sosia.Cli;

/// <summary>The program's exit statuses; docs/command-line.md lists them.</summary>
internal static class ExitStatus
{
    public const int Success = 0;
    public const int EnginesDiffer = 1;
    public const int DiskDamaged = 1;
    public const int BadArguments = 2;
    public const int DiskLeaks = 3;
    public const int HostLacksSomething = 4;
    public const int GuestGotThrough = 5;

    /// <summary>What a shell reports of a program that a signal ended.</summary>
    public static int OfSignal(int number) => 128 + number;

    public static int Of(FailureKind kind) => kind == FailureKind.Host ? HostLacksSomething : BadArguments;
}
