using System.Collections.Generic;

namespace Sosia.Control.Lockstep;

/// <summary>Where two engines first differ.</summary>
public sealed record Divergence
{
    /// <summary>The number of the first instruction, counted from 1 at power-on, after which the machines differ.</summary>
    public required long Instruction { get; init; }

    /// <summary>
    /// True when the instruction was singled out; false when only the stretch between <see cref="EqualAt"/> and <see cref="Instruction"/> is
    /// known, because the difference needs what went before.
    /// </summary>
    public required bool IsExact { get; init; }

    /// <summary>The last number of instructions after which the machines were seen to be equal.</summary>
    public required long EqualAt { get; init; }

    /// <summary>The instruction pointer before the instruction.</summary>
    public required ulong Rip { get; init; }

    /// <summary>What differs after the instruction.</summary>
    public required IReadOnlyList<StateDifference> Differences { get; init; }

    /// <summary>The whole report, for people.</summary>
    public required string Report { get; init; }
}
