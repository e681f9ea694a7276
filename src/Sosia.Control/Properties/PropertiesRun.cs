using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Control.Properties.Efficiency;
using Sosia.Control.Properties.Equivalence;
using Sosia.Control.Properties.ResourceControl;
using Sosia.Core;
using Sosia.Core.Execution;

namespace Sosia.Control.Properties;

/// <summary>Measures the three properties for each engine.</summary>
public static class PropertiesRun
{
    /// <summary>Runs everything, one engine after the other.</summary>
    /// <param name="options">The guest, the engines and how much work it may make.</param>
    /// <param name="version">The program's version, for the report.</param>
    /// <param name="command">The command that repeats it, for the report.</param>
    /// <exception cref="SosiaException">The machine cannot be built.</exception>
    public static PropertiesReport Run(PropertiesOptions options, string version, string command)
    {
        ArgumentNullException.ThrowIfNull(options);
        // One image is opened again and again, and every run must find what the first one found.
        options = options with { Machine = options.Machine.WithThrowAwayDisks() };
        var kernels = new KernelMeasurement(options.KernelTime, options.KernelRuns);
        var equivalence = new EquivalenceCheck(options);
        return new PropertiesReport
        {
            Guest = options.GuestName,
            Version = version,
            Date = DateTimeOffset.Now,
            Command = command,
            Host = HostFacts.Find(),
            Reference = options.Reference,
            MaxInstructions = options.MaxInstructions,
            Engines = [.. options.Engines.Select(e => Examine(options, e, equivalence, kernels))],
        };
    }

    private static EngineProperties Examine(PropertiesOptions options, EngineChoice engine, EquivalenceCheck equivalence, KernelMeasurement kernels)
    {
        if (engine.WhyNot is not null)
        {
            return new EngineProperties { Engine = engine.Name, Description = engine.Description, WhyNot = engine.WhyNot };
        }

        IEngine Create() => options.CreateEngine(engine.Name);
        options.Progress?.Invoke($"{engine.Name}: efficiency");
        EfficiencyResult efficiency = EfficiencyMeasurement.Measure(options, Create, kernels);
        options.Progress?.Invoke($"{engine.Name}: resource control");
        IReadOnlyList<IsolationResult> isolation = [.. Isolation.Tests.Select(t => t.Run(Create))];
        options.Progress?.Invoke($"{engine.Name}: equivalence");
        return new EngineProperties
        {
            Engine = engine.Name,
            Description = engine.Description,
            Equivalence = equivalence.Check(engine.Name),
            ResourceControl = isolation,
            Efficiency = efficiency,
        };
    }
}
