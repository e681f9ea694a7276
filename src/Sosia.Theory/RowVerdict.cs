using System.Collections.Generic;

namespace Sosia.Theory;

/// <summary>What was computed about one row.</summary>
public sealed record RowVerdict
{
    /// <summary>The row.</summary>
    public required IsaRow Row { get; init; }

    /// <summary>Where it stands.</summary>
    public required InstructionClass Class { get; init; }

    /// <summary>How it is sensitive.</summary>
    public required Sensitivity Sensitivity { get; init; }

    /// <summary>How it is sensitive when only user states are considered.</summary>
    public required Sensitivity UserSensitivity { get; init; }

    /// <summary>When it traps in user mode.</summary>
    public required UserTraps Traps { get; init; }

    /// <summary>Whether the same state later gives another outcome: time or chance.</summary>
    public required bool DependsOnTime { get; init; }

    /// <summary>How many states were tried, and how many completed in supervisor mode and in user mode.</summary>
    public required int States { get; init; }

    /// <summary>In how many of them it completed in supervisor mode.</summary>
    public required int SupervisorCompletions { get; init; }

    /// <summary>In how many of them it completed in user mode.</summary>
    public required int UserCompletions { get; init; }

    /// <summary>One proof for each sensitivity, of user states where there is one.</summary>
    public required IReadOnlyList<Witness> Witnesses { get; init; }

    /// <summary>Whether the table's claim is what was computed. A row that completed in no state at all contradicts no claim but that of being sensitive.</summary>
    public bool IsClaimRight => Row.Claim == Claimed || (NeverCompletes && Row.Claim != RowClaim.Sensitive);

    /// <summary>True for a row that trapped in every state of either mode.</summary>
    public bool NeverCompletes => SupervisorCompletions == 0 && UserCompletions == 0;

    /// <summary>The claim that would be right.</summary>
    public RowClaim Claimed => Class switch
    {
        InstructionClass.Innocuous => RowClaim.Innocuous,
        InstructionClass.Privileged => RowClaim.Privileged,
        InstructionClass.Withholdable => RowClaim.Withholdable,
        _ => RowClaim.Sensitive,
    };

    /// <summary>True when it breaks theorem 1: sensitive and not privileged.</summary>
    public bool BreaksTheorem1 => Class == InstructionClass.Unprivileged;

    /// <summary>True when it breaks theorem 3: user-sensitive and not privileged.</summary>
    public bool BreaksTheorem3 => Class == InstructionClass.Unprivileged && UserSensitivity != Sensitivity.None;
}
