using System;
using System.Collections.Generic;
using System.Linq;

namespace Sosia.Theory;

/// <summary>
/// Computes Popek and Goldberg's classification of an ISA from what its instructions do: every row in many states, each of them in variants that
/// differ in one thing. Knows no ISA.
/// </summary>
public static class Classifier
{
    /// <summary>Classifies every row.</summary>
    /// <param name="isa">The ISA.</param>
    /// <param name="options">Seed and effort; the same give the same result.</param>
    /// <param name="progress">Told after each row how many are done; null for nobody.</param>
    public static Classification Classify(IClassifiableIsa isa, ClassifierOptions options, Action<int>? progress = null)
    {
        var examination = new RowExamination(isa, options);
        var rows = new List<RowVerdict>(isa.Rows.Count);
        foreach (IsaRow row in isa.Rows)
        {
            rows.Add(examination.Examine(row));
            progress?.Invoke(rows.Count);
        }

        return new Classification
        {
            Isa = isa.Name,
            Description = isa.Description,
            Seed = options.Seed,
            StatesPerRow = options.StatesPerRow,
            Executions = examination.Executions,
            Rows = rows,
            Theorems = [Theorem1(rows), Theorem2(rows), Theorem3(rows)],
        };
    }

    private static TheoremVerdict Theorem1(List<RowVerdict> rows)
    {
        List<RowVerdict> breaking = [.. rows.Where(static r => r.BreaksTheorem1)];
        int withheld = rows.Count(static r => r.Class == InstructionClass.Withholdable);
        string relies = withheld == 0 ? string.Empty : $"; {withheld} rows count as privileged because the control program withholds a right";
        return new TheoremVerdict(
            1,
            "A virtual machine monitor may be constructed if the set of sensitive instructions is a subset of the set of privileged instructions.",
            breaking.Count == 0,
            breaking.Count == 0 ? $"Every sensitive row is privileged{relies}." : $"{breaking.Count} rows are sensitive and not privileged{relies}.",
            breaking);
    }

    private static TheoremVerdict Theorem2(List<RowVerdict> rows)
    {
        const string Statement = "A machine is recursively virtualizable if it is virtualizable and a virtual machine monitor without timing dependencies can be constructed for it.";
        bool isVirtualizable = !rows.Exists(static r => r.BreaksTheorem1);
        List<RowVerdict> timed = [.. rows.Where(static r => r.DependsOnTime && r.Traps == UserTraps.No)];
        int trapping = rows.Count(static r => r.DependsOnTime && r.Traps != UserTraps.No);
        string time = timed.Count == 0
            ? "No row that the control program cannot make trap depends on time or chance"
            : $"{timed.Count} rows that the control program cannot make trap depend on time or chance";
        string others = trapping == 0 ? "." : $"; {trapping} that do trap.";
        return new TheoremVerdict(
            2,
            Statement,
            isVirtualizable && timed.Count == 0,
            (isVirtualizable ? "Theorem 1 holds. " : "Theorem 1 does not hold, and therefore not this one. ") + time + others,
            isVirtualizable ? timed : [.. rows.Where(r => r.BreaksTheorem1 || timed.Contains(r))]);
    }

    private static TheoremVerdict Theorem3(List<RowVerdict> rows)
    {
        List<RowVerdict> breaking = [.. rows.Where(static r => r.BreaksTheorem3)];
        int spared = rows.Count(static r => r.BreaksTheorem1 && !r.BreaksTheorem3);
        string sparing = spared == 0 ? string.Empty : $" {spared} rows that break theorem 1 are harmless here, because user states alone do not show them, and supervisor mode is interpreted.";
        return new TheoremVerdict(
            3,
            "A hybrid virtual machine monitor may be constructed if the set of user-sensitive instructions is a subset of the set of privileged instructions.",
            breaking.Count == 0,
            (breaking.Count == 0 ? "Every user-sensitive row is privileged." : $"{breaking.Count} rows are user-sensitive and not privileged.") + sparing,
            breaking);
    }
}
