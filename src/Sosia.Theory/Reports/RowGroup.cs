using System.Collections.Generic;
using System.Linq;

namespace Sosia.Theory.Reports;

/// <summary>Rows of one mnemonic about which the same was computed: one line of a report.</summary>
internal sealed class RowGroup
{
    private RowGroup(List<RowVerdict> rows) => Rows = rows;

    /// <summary>The rows.</summary>
    public IReadOnlyList<RowVerdict> Rows { get; }

    /// <summary>Their mnemonic.</summary>
    public string Mnemonic => Rows[0].Row.Mnemonic;

    /// <summary>The operands of all of them.</summary>
    public string Operands => string.Join(" | ", Rows.Select(static r => r.Row.Operands).Where(static o => o.Length > 0).Distinct());

    /// <summary>Mnemonic and operands.</summary>
    public string Name => Operands.Length == 0 ? Mnemonic : $"{Mnemonic} {Operands}";

    /// <summary>What stands for all of them.</summary>
    public RowVerdict First => Rows[0];

    /// <summary>"control, mode", with an asterisk at what user states alone show.</summary>
    public string Sensitivity => Describe(First.Sensitivity, First.UserSensitivity);

    /// <summary>When they trap in user mode.</summary>
    public string Traps => First.Traps switch
    {
        UserTraps.Always => "always",
        UserTraps.WhenWithheld => "if withheld",
        _ => "no",
    };

    /// <summary>Groups rows, in the order of each group's first row.</summary>
    public static List<RowGroup> Of(IEnumerable<RowVerdict> rows)
        => [.. rows
            .GroupBy(static r => (r.Row.Mnemonic, r.Row.Family, r.Class, r.Sensitivity, r.UserSensitivity, r.Traps))
            .Select(static g => new RowGroup([.. g]))];

    private static string Describe(Sensitivity all, Sensitivity user)
    {
        var parts = new List<string>();
        foreach ((Sensitivity kind, string name) in ((Sensitivity, string)[])[(Theory.Sensitivity.Control, "control"), (Theory.Sensitivity.Mode, "mode"), (Theory.Sensitivity.Location, "location"), (Theory.Sensitivity.Resource, "resource")])
        {
            if ((all & kind) != 0)
            {
                parts.Add((user & kind) != 0 ? name + "*" : name);
            }
        }

        return string.Join(", ", parts);
    }
}
