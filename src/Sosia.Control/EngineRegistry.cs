using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Sosia.Engines.Kvm;
using Sosia.Engines.Recompiler;

namespace Sosia.Control;

/// <summary>The engines that exist, by name. A new engine adds its line here; "auto" takes the first one that works on this host and is worth it.</summary>
public static class EngineRegistry
{
    /// <summary>The name that stands for the best engine that works here.</summary>
    public const string Auto = "auto";

    // The best first.
    private static readonly Entry[] Engines =
    [
        new("kvm", "lets the host's processor execute guest code, by the host's KVM", KvmEngine.Probe, static options => new KvmEngine(options.Kvm), WhyNotChosen: WhyKvmIsNotChosen),
        new("recompiler", "makes host code of warm guest code", RecompilerEngine.Probe, static options => new RecompilerEngine(options.Recompiler)),
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

    /// <summary>The engine that <see cref="Auto"/> stands for: the first that works here, is worth it, and can do what is asked for.</summary>
    /// <param name="countsInstructions">True when it has to count instructions, as for the deterministic clock.</param>
    public static string ChooseAuto(bool countsInstructions = false)
        => Array.Find(Engines, engine => engine.Probe() is null && engine.WhyNotChosen?.Invoke(countsInstructions) is null)!.Name;

    /// <summary>Why <see cref="Auto"/> does not take an engine that works here; null for one that it takes, or would take if there were no better one.</summary>
    public static string? WhyNotChosen(string name) => Array.Find(Engines, engine => engine.Name == name)?.WhyNotChosen?.Invoke(false);

    /// <summary>Creates an engine.</summary>
    /// <param name="name">Its name, or <see cref="Auto"/>.</param>
    /// <param name="recompiler">What is to be other than usual if it is the recompiler; null for nothing.</param>
    /// <param name="kvm">What is to be other than usual if it is KVM; null for nothing.</param>
    /// <exception cref="SosiaException">There is no such engine, or it cannot run on this host.</exception>
    public static IEngine Create(string name, RecompilerOptions? recompiler = null, KvmOptions? kvm = null)
    {
        string wanted = name == Auto ? ChooseAuto() : name;
        foreach (Entry engine in Engines)
        {
            if (wanted == engine.Name)
            {
                return engine.Probe() is { } reason
                    ? throw new SosiaException($"The engine '{name}' cannot run on this host: {reason}; choose another --engine.", FailureKind.Host)
                    : engine.Create((recompiler, kvm));
            }
        }

        throw new SosiaException($"There is no engine '{name}'; choose one of: {Auto}, {string.Join(", ", Array.ConvertAll(Engines, static e => e.Name))}.");
    }

    private static string? WhyKvmIsNotChosen(bool countsInstructions)
        => countsInstructions ? "it does not count instructions"
            : KvmProbe.Report is { IsSoftware: true } ? "its KVM emulates supervisor code, which is slower than the recompiler"
            : null;

    private sealed record Entry(
        string Name, string Description, Func<string?> Probe, Func<(RecompilerOptions? Recompiler, KvmOptions? Kvm), IEngine> Create, Func<bool, string?>? WhyNotChosen = null);
}
