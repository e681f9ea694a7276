using System.Collections.Generic;
using System.Linq;

namespace Sosia.Theory;

/// <summary>What was computed about an ISA.</summary>
public sealed record Classification
{
    /// <summary>The ISA's name.</summary>
    public required string Isa { get; init; }

    /// <summary>Which processor, and in which configuration.</summary>
    public required string Description { get; init; }

    /// <summary>The seed that all states were made from.</summary>
    public required int Seed { get; init; }

    /// <summary>States per row.</summary>
    public required int StatesPerRow { get; init; }

    /// <summary>How many instructions were executed in all.</summary>
    public required long Executions { get; init; }

    /// <summary>Every row of the table that exists in this ISA, in the table's order.</summary>
    public required IReadOnlyList<RowVerdict> Rows { get; init; }

    /// <summary>The theorems 1, 2 and 3.</summary>
    public required IReadOnlyList<TheoremVerdict> Theorems { get; init; }

    /// <summary>Rows whose claim in the table differs from what was computed.</summary>
    public IEnumerable<RowVerdict> WrongClaims => Rows.Where(static r => !r.IsClaimRight);

    /// <summary>The rows of a class.</summary>
    public IEnumerable<RowVerdict> Of(InstructionClass instructionClass) => Rows.Where(r => r.Class == instructionClass);
}
