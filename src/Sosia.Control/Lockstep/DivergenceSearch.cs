using System;
using System.Collections.Generic;
using System.Globalization;
using Sosia.Engines.Recompiler;

namespace Sosia.Control.Lockstep;

/// <summary>
/// Finds the first instruction after which two engines differ, from a stretch in which they came to differ. It begins again and again at a
/// state that both had and halves the stretch; then it makes the translations end at the instruction in question.
/// </summary>
internal sealed class DivergenceSearch
{
    // The longest block: a difference within a block shows at its end only.
    private const int MaxWindow = 64;

    // A state is worth keeping when it saves this many instructions from being executed again.
    private const long WorthSaving = 100_000;

    private readonly LockstepOptions _options;
    private readonly SavedPair _saved;
    private readonly long _equalAt;
    private readonly long _differsAt;
    private readonly long _typedAt;

    /// <summary>Prepares the search.</summary>
    /// <param name="options">How the engines were run.</param>
    /// <param name="saved">The last state that both are known to have had.</param>
    /// <param name="equalAt">Where processors were equal, after this.</param>
    /// <param name="differsAt">Where something differs.</param>
    /// <param name="typedAt">When the text for the prompt was typed; −1 when it was not.</param>
    public DivergenceSearch(LockstepOptions options, SavedPair saved, long equalAt, long differsAt, long typedAt)
    {
        _options = options;
        _saved = saved;
        _equalAt = equalAt;
        _differsAt = differsAt;
        _typedAt = typedAt;
    }

    /// <summary>Searches.</summary>
    public Divergence Find()
    {
        // Translating everything at once makes the outcome independent of what was warm; if the difference then hides, it needs that.
        RecompilerOptions eager = _options.Recompiler with { WarmExecutions = 1 };
        if (Differs(_saved, eager, _differsAt))
        {
            (SavedPair start, long differs) = Narrow(_saved, eager, canMove: true);
            if (!Differs(start, eager, differs))
            {
                // An engine that keeps something that a saved state does not: always from the same place then.
                (start, differs) = Narrow(_saved, eager, canMove: false);
            }

            return SingleOut(start, differs) ?? Describe(start, eager, differs - 1, differs, isExact: false);
        }

        foreach (SavedPair start in _saved.State is null ? (ReadOnlySpan<SavedPair>)[SavedPair.PowerOn] : [_saved, SavedPair.PowerOn])
        {
            if (Differs(start, _options.Recompiler, _differsAt))
            {
                (_, long differs) = Narrow(start, _options.Recompiler, canMove: false);
                return SingleOut(start, differs) ?? Describe(start, _options.Recompiler, differs - 1, differs, isExact: false);
            }
        }

        // It does not happen again: the engines are not deterministic.
        return new Divergence
        {
            Instruction = _differsAt,
            EqualAt = _equalAt,
            IsExact = false,
            Rip = 0,
            Differences = [],
            Report = string.Create(CultureInfo.InvariantCulture, $"The engines differed between instruction {_equalAt} and {_differsAt}, but not when that was repeated: one of them does not do the same thing twice.\n"),
        };
    }

    private MachinePair Begin(SavedPair start, RecompilerOptions recompiler)
    {
        var pair = new MachinePair(_options, recompiler);
        if (start.State is not null)
        {
            pair.Restore(start);
        }

        return pair;
    }

    // Steps as the first run did, so that blocks are cut in the same places.
    private void Advance(MachinePair pair, long position, bool both = true)
    {
        while (pair.Position < position)
        {
            if (pair.TypedAt < 0 && pair.Position == _typedAt)
            {
                pair.Type(_options.AtPrompt!);
            }

            long end = Math.Min(position, pair.Position + _options.Every);
            if (pair.TypedAt < 0 && _typedAt > pair.Position)
            {
                end = Math.Min(end, _typedAt);
            }

            if (both)
            {
                pair.Step(end - pair.Position);
            }
            else
            {
                pair.StepReference(end - pair.Position);
            }
        }
    }

    private bool Differs(SavedPair start, RecompilerOptions recompiler, long position)
    {
        using MachinePair pair = Begin(start, recompiler);
        Advance(pair, position);
        return !pair.IsEverythingEqual();
    }

    private (SavedPair Start, long Differs) Narrow(SavedPair start, RecompilerOptions recompiler, bool canMove)
    {
        long equal = start.Position;
        long differs = _differsAt;
        while (differs - equal > 1)
        {
            long middle = equal + ((differs - equal) / 2);
            // Where processors were seen to be equal most likely everything was.
            middle = _equalAt > equal && _equalAt < differs ? _equalAt : middle;
            _options.Progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"looking at instruction {middle} ({differs - equal} left)"));
            using MachinePair pair = Begin(start, recompiler);
            Advance(pair, middle);
            if (!pair.IsEverythingEqual())
            {
                differs = middle;
                continue;
            }

            equal = middle;
            if (canMove && pair.TypedAt < 0 && middle - start.Position >= WorthSaving)
            {
                start = pair.Save();
            }
        }

        return (start, differs);
    }

    // Finds the shortest run of instructions that makes the difference when it is translated by itself.
    private Divergence? SingleOut(SavedPair start, long differs)
    {
        int available = (int)Math.Min(MaxWindow, differs - start.Position);
        int window = Smallest(available, length => WindowDiffers(start, differs - length, length, length));
        if (window < 0)
        {
            return null;
        }

        SavedPair at = ReferenceState(start, differs - window);
        // An input that is on its way is not part of a saved state.
        int count = at.TypedAt >= 0 ? window : Smallest(window, length => WindowDiffers(at, at.Position, length, length));
        count = count < 0 ? window : count;
        long instruction = at.Position + count;
        return Describe(at, Single(count), instruction - 1, instruction, isExact: true);
    }

    // The smallest length from 1 to the largest for which something holds, if it holds for all above; −1 when it does not for the largest.
    private static int Smallest(int largest, Func<int, bool> holds)
    {
        int no = 0;
        int yes = 1;
        while (!holds(yes))
        {
            if (yes >= largest)
            {
                return -1;
            }

            no = yes;
            yes = Math.Min(largest, yes * 2);
        }

        while (yes - no > 1)
        {
            int middle = (no + yes) / 2;
            if (holds(middle))
            {
                yes = middle;
            }
            else
            {
                no = middle;
            }
        }

        return yes;
    }

    private RecompilerOptions Single(int blockLength) => _options.Recompiler with { WarmExecutions = 1, MaxBlockInstructions = blockLength };

    private bool WindowDiffers(SavedPair start, long from, int count, int blockLength)
    {
        SavedPair state = from == start.Position ? start : ReferenceState(start, from);
        using MachinePair pair = Begin(state, Single(blockLength));
        Advance(pair, from + count);
        return !pair.IsEverythingEqual();
    }

    // The state that the reference has, for both.
    private SavedPair ReferenceState(SavedPair start, long position)
    {
        using MachinePair pair = Begin(start, _options.Recompiler);
        Advance(pair, position, both: false);
        return pair.Save();
    }

    private Divergence Describe(SavedPair start, RecompilerOptions recompiler, long equalAt, long differsAt, bool isExact)
    {
        ulong rip;
        string before;
        using (MachinePair pair = Begin(start, recompiler))
        {
            Advance(pair, equalAt, both: false);
            rip = DivergenceReport.RipOf(pair.Reference);
            before = DivergenceReport.Code(pair.Reference);
        }

        var recorder = new TranslationRecorder(rip);
        using MachinePair after = Begin(start, recompiler with { Observer = recorder });
        Advance(after, differsAt);
        List<StateDifference> differences = after.Differences();
        return new Divergence
        {
            Instruction = differsAt,
            EqualAt = equalAt,
            IsExact = isExact,
            Rip = rip,
            Differences = differences,
            Report = DivergenceReport.Write(_options, after, differsAt, isExact, recompiler, before, differences, recorder.Texts),
        };
    }
}
