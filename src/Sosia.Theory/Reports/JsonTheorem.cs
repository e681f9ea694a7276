using System.Collections.Generic;
using System.Linq;

namespace Sosia.Theory.Reports;

/// <summary>A theorem's verdict as its JSON has it.</summary>
/// <param name="Number">1, 2 or 3.</param>
/// <param name="Statement">What it says.</param>
/// <param name="Holds">Whether its premise holds.</param>
/// <param name="Reason">Why.</param>
/// <param name="BreakingRows">The numbers of the rows that break it.</param>
internal sealed record JsonTheorem(int Number, string Statement, bool Holds, string Reason, IReadOnlyList<int> BreakingRows)
{
    /// <summary>Makes one.</summary>
    public static JsonTheorem From(TheoremVerdict t) => new(t.Number, t.Statement, t.Holds, t.Reason, [.. t.Breaking.Select(static r => r.Row.Id)]);
}
