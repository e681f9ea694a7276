namespace Sosia.Theory.Host;

/// <summary>Numbers and constants of the x86-64 Linux system calls that a cell makes; its program has no C library that would know them.</summary>
internal static class LinuxCall
{
    public const int Mmap = 9;
    public const int Mprotect = 10;
    public const int RtSigaction = 13;
    public const int Sigaltstack = 131;
    public const int ModifyLdt = 154;
    public const int Prctl = 157;
    public const int ArchPrctl = 158;
    public const int Setrlimit = 160;
    public const int ExitGroup = 231;
    public const int CloseRange = 436;

    public const int ProtRead = 1;
    public const int ProtWrite = 2;
    public const int ProtExec = 4;
    public const int MapShared = 1;
    public const int MapFixedNoReplace = 0x10_0000;

    public const int SetParentDeathSignal = 1;
    public const int SetDumpable = 4;
    public const int SetSeccomp = 22;
    public const int SeccompFilter = 2;
    public const int SetTsc = 26;
    public const int TscSignals = 2;
    public const int SetNoNewPrivileges = 38;
    public const int SetCpuid = 0x1012;

    public const int LimitCpuSeconds = 0;
    public const int LimitFileBytes = 1;
    public const int LimitCoreBytes = 4;
    public const int LimitDescriptors = 7;
    public const int LimitQueuedSignals = 11;

    public const int SignalIllegal = 4;
    public const int SignalTrap = 5;
    public const int SignalBus = 7;
    public const int SignalArithmetic = 8;
    public const int SignalKill = 9;
    public const int SignalSegment = 11;
    public const int SignalSystemCall = 31;

    /// <summary>SA_SIGINFO, SA_ONSTACK and SA_RESTORER (which x86-64 demands).</summary>
    public const ulong HandlerFlags = 0x4 | 0x0800_0000 | 0x0400_0000;

    /// <summary>SS_AUTODISARM: the signal stack is used whatever the snippet did to its stack pointer.</summary>
    public const uint AutoDisarm = 1u << 31;
}
