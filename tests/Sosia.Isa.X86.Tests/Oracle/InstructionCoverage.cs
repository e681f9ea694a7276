using System.Threading;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>How often tests executed each row of the instruction table in this process.</summary>
public static class InstructionCoverage
{
    private static readonly long[] Counts = new long[InstructionTable.Rows.Length];

    /// <summary>Notes one tested execution.</summary>
    public static void Count(InstructionRow row) => Interlocked.Increment(ref Counts[row.Id]);

    /// <summary>The executions of a row so far.</summary>
    public static long Of(InstructionRow row) => Volatile.Read(ref Counts[row.Id]);
}
