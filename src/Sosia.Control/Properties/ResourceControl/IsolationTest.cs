using System;
using Sosia.Core.Execution;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>A hostile guest, what it tries, and how it is seen that it did not succeed.</summary>
public sealed record IsolationTest
{
    /// <summary>A short name.</summary>
    public required string Name { get; init; }

    /// <summary>Which resource it attacks.</summary>
    public required IsolationTarget Target { get; init; }

    /// <summary>What the guest tries, as one sentence.</summary>
    public required string Attempt { get; init; }

    /// <summary>What must be seen for the test to be passed, as one sentence.</summary>
    public required string Judged { get; init; }

    /// <summary>Runs the guest on engines that it is given the making of, and judges by what is seen.</summary>
    public required Func<Func<IEngine>, (bool Passed, string Evidence)> Body { get; init; }

    /// <summary>Runs it in this process.</summary>
    /// <param name="createEngine">Makes the engine, once for each machine that the test needs.</param>
    public IsolationResult Run(Func<IEngine> createEngine)
    {
        ArgumentNullException.ThrowIfNull(createEngine);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        bool passed;
        string evidence;
        try
        {
            (passed, evidence) = Body(createEngine);
        }
#pragma warning disable CA1031 // Whatever a guest makes the VMM throw is a guest that has got through: that is the finding.
        catch (Exception error)
#pragma warning restore CA1031
        {
            passed = false;
            evidence = $"the VMM failed with {error.GetType().Name}: {error.Message}";
        }

        return new IsolationResult(Name, Target, Attempt, Judged, passed, evidence, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }
}
