using System;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Sosia.Control;
using Sosia.Engines.Kvm;

namespace Sosia.Cli;

/// <summary><c>sosia engines</c>.</summary>
internal static class EnginesCommand
{
    // Of the contract, but without an implementation so far.
    private static readonly string[] Planned = ["direct"];

    public static Command Create()
    {
        var command = new Command("engines", "List the techniques that run guests, and say which work on this host, why not, and which one 'auto' takes");
        command.SetAction(static _ =>
        {
            var table = new TextTable("ENGINE", "HERE", "WHAT IT DOES, OR WHY NOT");
            foreach ((string name, string description, string? whyNot) in EngineRegistry.Describe())
            {
                table.Add(name, whyNot is null ? "works" : "no", whyNot ?? description);
            }

            foreach (string name in Planned.Where(IsPlanned))
            {
                table.Add(name, "no", "not implemented yet");
            }

            table.Write(Console.Out);
            Console.Out.WriteLine();
            Console.Out.WriteLine($"auto: {EngineRegistry.ChooseAuto()}{WhyNotKvm()}");
            if (KvmProbe.Report is { } report)
            {
                WriteKvm(report);
            }

            return ExitStatus.Success;
        });
        return command;
    }

    /// <summary>True for an engine that is meant to exist but does not yet.</summary>
    public static bool IsPlanned(string name)
        => Array.IndexOf(Planned, name) >= 0 && !EngineRegistry.Describe().Any(engine => engine.Name == name);

    private static string WhyNotKvm()
        => KvmEngine.Probe() is not null ? string.Empty
            : EngineRegistry.WhyNotChosen("kvm") is { } reason ? $" (not kvm: {reason})" : " (the host's processor executes guest code itself)";

    private static void WriteKvm(KvmReport report)
    {
        Console.Out.WriteLine();
        var table = new TextTable("KVM", string.Empty);
        table.Add("interface", report.ApiVersion.ToString(CultureInfo.InvariantCulture));
        table.Add("driver", report.Module ?? "unknown");
        table.Add("kind", (report.IsHardware ? "hardware virtualization" : "no VMX or SVM announced") + (report.IsSoftware ? ", supervisor code emulated in software" : string.Empty)
            + (report.Hypervisor is { } hypervisor ? $"; this host is itself a guest ('{hypervisor}')" : string.Empty));
        table.Add("ring 0", Speed(report.Speed.Ring0Mips));
        table.Add("ring 3", Speed(report.Speed.Ring3Mips));
        table.Add("has", string.Join(", ", report.Capabilities.Where(static c => c.Value != 0).Select(static c => c.Value == 1 ? c.Name : $"{c.Name} {c.Value}")));
        table.Add("lacks", string.Join(", ", report.Capabilities.Where(static c => c.Value == 0).Select(static c => c.Name)));
        table.Write(Console.Out);
    }

    private static string Speed(double mips)
        => mips == 0 ? "could not be measured" : string.Create(CultureInfo.InvariantCulture, $"{mips:0} million instructions/s");
}
