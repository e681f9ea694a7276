using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Sosia.Engines.Recompiler;

namespace Sosia.Control;

/// <summary>The engines that exist, by name. A new engine adds its line here; "auto" takes the first one that works on this host.</summary>
public static class EngineRegistry
{
    /// <summary>The name that stands for the best engine that works here.</summary>
    public const string Auto = "auto";

    private static readonly Entry[] Engines =
    [
        new("recompiler", "makes host code of warm guest code", RecompilerEngine.Probe, static options => new RecompilerEngine(options)),
        new("interpreter", "decodes guest code once and calls a handler per instruction", static () => null, static _ => new InterpreterEngine()),
    ];

    /// <summary>Every engine with its description and, if it cannot run here, the reason in words.</summary>
    public static IEnumerable<(string Name, string Description, string? WhyNot)> Describe()
    {
        foreach (Entry engine in Engines)
        {
            yield return (engine.Name, engine.Description, engine.Probe());
        }
    }

    /// <summary>Creates an engine.</summary>
    /// <param name="name">Its name, or <see cref="Auto"/>.</param>
    /// <param name="recompiler">What is to be other than usual if it is the recompiler; null for nothing.</param>
    /// <exception cref="SosiaException">There is no such engine, or it cannot run on this host.</exception>
    public static IEngine Create(string name, RecompilerOptions? recompiler = null)
    {
        foreach (Entry engine in Engines)
        {
            if (name == engine.Name || (name == Auto && engine.Probe() is null))
            {
                return engine.Probe() is { } reason
                    ? throw new SosiaException($"The engine '{name}' cannot run on this host: {reason}; choose another --engine.", FailureKind.Host)
                    : engine.Create(recompiler);
            }
        }

        throw new SosiaException($"There is no engine '{name}'; choose one of: {Auto}, {string.Join(", ", Array.ConvertAll(Engines, static e => e.Name))}.");
    }

    private sealed record Entry(string Name, string Description, Func<string?> Probe, Func<RecompilerOptions?, IEngine> Create);
}
