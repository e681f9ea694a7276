using System.IO;
using System.Text;
using System.Threading;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>How often tests executed each row of the instruction table in this process.</summary>
public static class InstructionCoverage
{
    private static readonly long[] Counts = new long[InstructionTable.Rows.Length];

    /// <summary>Notes one execution. One that faulted does not count, but for rows that do nothing else.</summary>
    /// <param name="row">The row; null for undefined bytes.</param>
    /// <param name="faulted">Whether it ended with a fault.</param>
    public static void Count(InstructionRow? row, bool faulted)
    {
        if (row is not null && (!faulted || row.Mnemonic is "ud0" or "ud1" or "ud2" or "rdpmc"))
        {
            Interlocked.Increment(ref Counts[row.Id]);
        }
    }

    /// <summary>Writes a Markdown table of all rows with their executions so far.</summary>
    /// <param name="path">The file; its folder is created.</param>
    public static void Write(string path)
    {
        var text = new StringBuilder("| Row | Encoding and operands | Mnemonic | Family | Executions |\n|---:|---|---|---|---:|\n");
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            text.Append($"| {row.Id} | {row} | {row.Mnemonic} | {row.Family} | {Volatile.Read(ref Counts[row.Id])} |\n");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, text.ToString());
    }
}
