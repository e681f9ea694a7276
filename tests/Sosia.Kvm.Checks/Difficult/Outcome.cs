using System;
using System.Collections.Generic;
using Sosia.Control;

namespace Sosia.Kvm.Checks.Difficult;

/// <summary>What a guest's program has left behind, and how it came to that.</summary>
/// <param name="End">How the machine ended.</param>
/// <param name="Results">The memory with the program's results.</param>
/// <param name="Stats">The engine's figures.</param>
internal sealed record Outcome(RunResult End, byte[] Results, MachineStats Stats)
{
    /// <summary>The program did the same as elsewhere.</summary>
    /// <param name="other">Another engine's outcome, which is taken to be right.</param>
    /// <exception cref="CheckFailedException">It did not.</exception>
    public void MustEqual(Outcome other)
    {
        Expect.Equal(StopReason.DebugExit, other.End.Reason, $"how it ended under '{other.Stats.Engine}'");
        Expect.Equal(StopReason.DebugExit, End.Reason, $"how it ended under '{Stats.Engine}'");
        List<string> differences = [];
        for (int at = 0; at < Results.Length; at += 8)
        {
            ulong actual = BitConverter.ToUInt64(Results, at);
            ulong expected = BitConverter.ToUInt64(other.Results, at);
            if (actual != expected)
            {
                differences.Add($"at 0x{at:x} 0x{actual:x} instead of 0x{expected:x}");
            }
        }

        Expect.True(differences.Count == 0, $"same results ({string.Join(", ", differences)})");
    }
}
