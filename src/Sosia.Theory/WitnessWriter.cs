using System.Collections.Generic;
using System.Globalization;
using System.Numerics;

namespace Sosia.Theory;

/// <summary>Puts a proof in words.</summary>
internal sealed class WitnessWriter
{
    private const int MaxDifferences = 3;

    private readonly IClassifiableIsa _isa;

    /// <summary>Creates a writer.</summary>
    public WitnessWriter(IClassifiableIsa isa) => _isa = isa;

    /// <summary>The mode or the resources changed.</summary>
    public Witness Control(Trial trial, Outcome outcome)
    {
        var changes = new List<string>();
        if (outcome.ModeBefore != outcome.ModeAfter)
        {
            changes.Add($"{_isa.DescribeMode(outcome.ModeBefore)} becomes {_isa.DescribeMode(outcome.ModeAfter)}");
        }

        for (int i = 0; i < outcome.ResourcesAfter.Length && changes.Count < MaxDifferences; i++)
        {
            if (outcome.ResourcesBefore[i] != outcome.ResourcesAfter[i])
            {
                changes.Add($"{_isa.NameResourceWord(i)} {Hex(outcome.ResourcesBefore[i])} becomes {Hex(outcome.ResourcesAfter[i])}");
            }
        }

        return new Witness(Sensitivity.Control, trial.Instruction, trial.Encoding, _isa.DescribeMode(outcome.ModeBefore), string.Join(", ", changes), string.Empty, string.Empty, IsUser: false);
    }

    /// <summary>Two states that differ in location.</summary>
    public Witness Location(Trial trial, Outcome first, Outcome second, ulong location)
    {
        string mode = _isa.DescribeMode(first.ModeBefore);
        var moved = new List<string>();
        for (ulong rest = location; rest != 0; rest &= rest - 1)
        {
            moved.Add(_isa.LocationAspects[BitOperations.TrailingZeroCount(rest)]);
        }

        return Pair(Sensitivity.Location, trial, first, second, $"{mode}, {string.Join(" and ", moved)} here", $"{mode}, elsewhere");
    }

    /// <summary>Two states that differ in resources.</summary>
    public Witness Resources(Trial trial, Outcome first, Outcome second, ulong resources)
    {
        string mode = _isa.DescribeMode(first.ModeBefore);
        var before = new List<string> { mode };
        var after = new List<string> { mode };
        for (ulong rest = resources; rest != 0; rest &= rest - 1)
        {
            (string one, string other) = _isa.DescribeResource(trial, BitOperations.TrailingZeroCount(rest));
            before.Add(one);
            after.Add(other);
        }

        return Pair(Sensitivity.Resource, trial, first, second, string.Join(", ", before), string.Join(", ", after));
    }

    /// <summary>Two states and the outcomes that tell them apart.</summary>
    public Witness Pair(Sensitivity kind, Trial trial, Outcome first, Outcome second, string firstState, string secondState)
    {
        (string one, string other) = Differences(first, second);
        return new Witness(kind, trial.Instruction, trial.Encoding, firstState, one, secondState, other, IsUser: false);
    }

    private (string First, string Second) Differences(Outcome first, Outcome second)
    {
        if (first.Kind != OutcomeKind.Completed || second.Kind != OutcomeKind.Completed)
        {
            return (End(first), End(second));
        }

        var one = new List<string>();
        var other = new List<string>();
        for (int i = 0; i < first.Program.Length && one.Count < MaxDifferences; i++)
        {
            if (first.Program[i] != second.Program[i])
            {
                one.Add($"{_isa.NameProgramWord(i)} {Hex(first.Program[i])}");
                other.Add($"{_isa.NameProgramWord(i)} {Hex(second.Program[i])}");
            }
        }

        if (one.Count == 0)
        {
            for (int i = 0; i < first.ResourcesAfter.Length && one.Count < MaxDifferences; i++)
            {
                bool changes = first.ResourcesBefore[i] != first.ResourcesAfter[i];
                bool otherChanges = second.ResourcesBefore[i] != second.ResourcesAfter[i];
                if (changes != otherChanges || (changes && first.ResourcesAfter[i] != second.ResourcesAfter[i]))
                {
                    one.Add(Change(first, i));
                    other.Add(Change(second, i));
                }
            }
        }

        return (string.Join(", ", one), string.Join(", ", other));
    }

    private string Change(Outcome outcome, int index)
        => outcome.ResourcesBefore[index] == outcome.ResourcesAfter[index]
            ? $"{_isa.NameResourceWord(index)} stays {Hex(outcome.ResourcesAfter[index])}"
            : $"{_isa.NameResourceWord(index)} {Hex(outcome.ResourcesBefore[index])} becomes {Hex(outcome.ResourcesAfter[index])}";

    private string End(Outcome outcome) => outcome.Kind == OutcomeKind.Trapped ? $"traps: {_isa.DescribeTrap(outcome.Trap)}" : "completes";

    private static string Hex(ulong value) => value < 10 ? value.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");
}
