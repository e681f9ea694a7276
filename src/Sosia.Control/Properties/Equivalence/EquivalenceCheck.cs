using System.Diagnostics;
using System.Globalization;
using Sosia.Control.Lockstep;
using Sosia.Core.Execution;

namespace Sosia.Control.Properties.Equivalence;

/// <summary>Compares engines with the reference: in lockstep where the engine can count instructions out, else by the console.</summary>
internal sealed class EquivalenceCheck(PropertiesOptions options)
{
    private TranscriptReference? _transcripts;

    /// <summary>Compares one engine.</summary>
    public EquivalenceResult Check(string engine)
    {
        bool isExact;
        using (IEngine probe = options.CreateEngine(engine))
        {
            isExact = probe.CountsInstructions;
        }

        if (isExact)
        {
            return CheckInLockstep(engine);
        }

        if (options.Prompt is null)
        {
            return new EquivalenceResult
            {
                Method = EquivalenceMethod.None,
                Holds = null,
                Summary = "Not compared: the engine cannot count instructions out, and the guest has no prompt at which consoles could be compared.",
            };
        }

        _transcripts ??= TranscriptReference.Record(options);
        return _transcripts.Check(options, engine);
    }

    private EquivalenceResult CheckInLockstep(string engine)
    {
        long start = Stopwatch.GetTimestamp();
        LockstepResult result = LockstepRun.Run(new LockstepOptions
        {
            Machine = options.Machine with { NoReboot = true },
            Reference = options.Reference,
            Tested = engine,
            CreateEngine = (name, _) => options.CreateEngine(name),
            MaxInstructions = options.MaxInstructions,
            Timeout = options.GuestTimeout,
            Prompt = options.Prompt,
            AtPrompt = options.AtPrompt,
            Progress = options.Progress,
        });
        bool isItself = engine == options.Reference;
        string what = string.Create(CultureInfo.InvariantCulture, $"{result.Instructions:#,0} instructions side by side with {(isItself ? "a second machine of its own" : $"the {options.Reference}")}");
        return new EquivalenceResult
        {
            Method = isItself ? EquivalenceMethod.Repeatability : EquivalenceMethod.Lockstep,
            Holds = result.Divergence is null,
            Instructions = result.Instructions,
            Comparisons = result.Comparisons,
            FullComparisons = result.FullComparisons,
            End = result.End.Reason,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            Summary = result.Divergence is { } divergence
                ? string.Create(CultureInfo.InvariantCulture, $"They differ after instruction {divergence.Instruction:#,0}.")
                : $"{what}: no difference.{(isItself ? " It is the reference: this shows that runs can be repeated." : string.Empty)}",
            Report = result.Divergence?.Report,
        };
    }
}
