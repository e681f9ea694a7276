using System.Collections.Generic;

namespace Sosia.Theory;

/// <summary>Whether a theorem's premise holds.</summary>
/// <param name="Number">1, 2 or 3.</param>
/// <param name="Statement">What the theorem says.</param>
/// <param name="Holds">Whether the premise holds.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="Breaking">The rows that break it; none when it holds.</param>
public sealed record TheoremVerdict(int Number, string Statement, bool Holds, string Reason, IReadOnlyList<RowVerdict> Breaking);
