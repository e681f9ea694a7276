using System.Collections.Generic;
using System.Linq;

namespace Sosia.Theory.Reports;

/// <summary>A classification as its JSON has it: theorems name rows by their number.</summary>
internal sealed record JsonClassification(
    string Isa,
    string Description,
    int Seed,
    int StatesPerRow,
    long Executions,
    IReadOnlyList<JsonTheorem> Theorems,
    IReadOnlyList<int> WrongClaims,
    IReadOnlyList<RowVerdict> Rows)
{
    /// <summary>Makes one.</summary>
    public static JsonClassification From(Classification c)
        => new(c.Isa, c.Description, c.Seed, c.StatesPerRow, c.Executions, [.. c.Theorems.Select(JsonTheorem.From)], [.. c.WrongClaims.Select(static r => r.Row.Id)], c.Rows);
}
