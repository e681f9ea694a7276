using System.IO;

namespace Sosia.Theory.Reports;

/// <summary>A classification.</summary>
public static class MarkdownReport
{
    /// <summary>Writes it.</summary>
    public static void Write(Classification classification, TextWriter output)
    {
        foreach (RowVerdict r in classification.Rows)
        {
            if (r.Class != InstructionClass.Innocuous || !r.IsClaimRight || r.States == 0 || r.NeverCompletes)
            {
                output.WriteLine($"{r.Class} {r.Row.Mnemonic} {r.Row.Operands} [{r.Row.Encoding}] sens={r.Sensitivity} user={r.UserSensitivity} traps={r.Traps} time={r.DependsOnTime} n={r.States}/{r.SupervisorCompletions}/{r.UserCompletions} claim={r.Row.Claim} {(r.IsClaimRight ? string.Empty : "WRONG")}");
            }
        }
    }
}
