using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text.RegularExpressions;
using Sosia.Core.Time;

namespace Sosia.Control.Properties.Equivalence;

/// <summary>
/// What the guest writes to its console under the reference, against which engines are compared that cannot count instructions out. It is recorded twice, in
/// real time: lines that differ between the two depend on the time, and say nothing about an engine.
/// </summary>
internal sealed partial class TranscriptReference
{
    private const int MaxShown = 12;

    private readonly List<string> _lines;
    private readonly StopReason _end;

    private TranscriptReference(List<string> lines, StopReason end)
    {
        _lines = lines;
        _end = end;
    }

    /// <summary>Runs the guest twice under the reference.</summary>
    public static TranscriptReference Record(PropertiesOptions options)
    {
        (List<string> first, StopReason end) = Run(options, options.Reference);
        (List<string> second, _) = Run(options, options.Reference);
        return new TranscriptReference(Common(first, second), end);
    }

    /// <summary>Runs the guest under an engine and looks for every line in its console.</summary>
    public EquivalenceResult Check(PropertiesOptions options, string engine)
    {
        long start = Stopwatch.GetTimestamp();
        (List<string> lines, StopReason end) = Run(options, engine);
        List<string> missing = Without(_lines, lines);
        bool holds = missing.Count == 0 && end == _end;
        string outcome = missing.Count == 0 ? "each of them was written" : $"{missing.Count} are missing";
        return new EquivalenceResult
        {
            Method = EquivalenceMethod.Transcript,
            Holds = holds,
            Lines = _lines.Count,
            End = end,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            Summary = $"Not by lockstep: the engine cannot count instructions out. By the console: of {_lines.Count} lines that the guest always writes under the {options.Reference}, {outcome}{(end == _end ? string.Empty : $"; the run ended with {end} instead of {_end}")}.",
            Report = holds ? null : "Lines that are missing, numbers written as #:\n" + string.Join('\n', missing.Take(MaxShown)) + (missing.Count > MaxShown ? $"\nand {missing.Count - MaxShown} more" : string.Empty),
        };
    }

    // Lines with their numbers masked: times, addresses and rates are different in every run.
    private static (List<string> Lines, StopReason End) Run(PropertiesOptions options, string engine)
    {
        using VirtualMachine vm = VirtualMachine.Create(
            options.Machine with { ClockMode = ClockMode.RealTime, NoReboot = true, Serial = [], CpuThreads = false },
            options.CreateEngine(engine));
        StopReason end;
        try
        {
            vm.Console.Expect(options.Prompt!, options.GuestTimeout);
            end = StopReason.ConditionMet;
            if (options.AtPrompt is { } text)
            {
                vm.Console.Send(text);
                end = vm.Run(options.GuestTimeout).Reason;
            }
        }
        catch (ExpectException error)
        {
            end = error.Result.Reason;
        }

        return ([.. vm.Console.Transcript.Split('\n').Select(static l => Numbers().Replace(Blanks().Replace(l, " "), "#").Trim()).Where(static l => l.Length != 0)], end);
    }

    // What both have, each line as often as it is in both.
    private static List<string> Common(List<string> first, List<string> second)
    {
        List<string> onlyFirst = Without(first, second);
        return Without(first, onlyFirst);
    }

    private static List<string> Without(List<string> lines, List<string> others)
    {
        Dictionary<string, int> counts = others.GroupBy(static l => l).ToDictionary(static g => g.Key, static g => g.Count());
        List<string> left = [];
        foreach (string line in lines)
        {
            int count = counts.GetValueOrDefault(line);
            counts[line] = count - 1;
            if (count <= 0)
            {
                left.Add(line);
            }
        }

        return left;
    }

    // The kernel pads the seconds of its time stamps, and a slow engine needs more digits.
    [GeneratedRegex(" +")]
    private static partial Regex Blanks();

    [GeneratedRegex("(0x)?[0-9][0-9a-fA-F]*")]
    private static partial Regex Numbers();
}
