namespace Sosia.Core.Execution;

/// <summary>A piece of memory that a debugger outside the guest watches.</summary>
/// <param name="Linear">Linear address of the first byte.</param>
/// <param name="ByteCount">How many bytes; at least 1.</param>
/// <param name="Access">Which accesses count.</param>
public readonly record struct Watchpoint(ulong Linear, ulong ByteCount, WatchedAccess Access)
{
    /// <summary>True when an access is one that counts.</summary>
    /// <param name="linear">Linear address of its first byte.</param>
    /// <param name="byteCount">How many bytes it has.</param>
    /// <param name="access">What it does.</param>
    public bool Covers(ulong linear, int byteCount, WatchedAccess access)
        => (Access & access) != 0 && (linear - Linear < ByteCount || Linear - linear < (ulong)byteCount);
}
