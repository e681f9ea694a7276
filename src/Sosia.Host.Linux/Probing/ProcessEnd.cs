namespace Sosia.Host.Linux.Probing;

/// <summary>How a process ended.</summary>
/// <param name="ExitStatus">Its exit status, 0 to 255; −1 when a signal ended it, or when somebody else was told its status.</param>
/// <param name="Signal">The signal that ended it; 0 when none did.</param>
public readonly record struct ProcessEnd(int ExitStatus, int Signal);
