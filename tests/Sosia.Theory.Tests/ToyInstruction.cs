using System;

namespace Sosia.Theory.Tests;

/// <summary>One instruction of the toy.</summary>
internal sealed record ToyInstruction(string Name, Func<ToyState, OutcomeKind> Execute, RowClaim Claim = RowClaim.Innocuous)
{
    /// <summary>An instruction that does something in either mode.</summary>
    public static ToyInstruction Always(string name, Action<ToyState> action) => new(name, state =>
    {
        action(state);
        return OutcomeKind.Completed;
    });

    /// <summary>An instruction that traps in user mode.</summary>
    public static ToyInstruction Privileged(string name, Action<ToyState> action) => new(
        name,
        state =>
        {
            if (state.IsUser)
            {
                return OutcomeKind.Trapped;
            }

            action(state);
            return OutcomeKind.Completed;
        },
        RowClaim.Privileged);
}
