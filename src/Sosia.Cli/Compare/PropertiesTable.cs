using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Sosia.Control.Properties;
using Sosia.Control.Properties.Equivalence;
using Sosia.Control.Properties.ResourceControl;

namespace Sosia.Cli;

/// <summary>The report on the three properties as a table for the terminal: a column for each engine.</summary>
internal static class PropertiesTable
{
    public static void Write(PropertiesReport report, TextWriter output)
    {
        EngineProperties[] engines = [.. report.Engines.Where(static e => e.WhyNot is null)];
        output.WriteLine($"The guest {report.Guest} on {report.Host.Processor}, {report.Host.System}.");
        if (engines.Length != 0)
        {
            output.WriteLine();
            TextTable table = Figures(engines);
            table.Write(output);
            output.WriteLine();
            Tests(engines).Write(output);
        }

        foreach (EngineProperties engine in report.Engines.Where(static e => e.WhyNot is not null))
        {
            output.WriteLine($"\nThe engine {engine.Engine} cannot run here: {engine.WhyNot}.");
        }

        foreach (EngineProperties engine in engines)
        {
            if (engine.Equivalence is { Report: { } difference })
            {
                output.WriteLine($"\nThe {engine.Engine} is not equivalent. {difference}");
            }

            foreach (IsolationResult result in engine.ResourceControl.Where(static r => !r.Passed))
            {
                output.WriteLine($"\nUnder the {engine.Engine} a guest got through, {result.Name}: {result.Evidence}.");
            }
        }
    }

    private static TextTable Figures(EngineProperties[] engines)
    {
        var table = new TextTable(["PROPERTY", .. engines.Select(static e => e.Engine.ToUpperInvariant())]);
        void Row(string name, Func<EngineProperties, string> cell) => table.Add([name, .. engines.Select(cell)]);

        Row("equivalence", static e => e.Equivalence switch
        {
            null or { Holds: null } => "not examined",
            _ when !e.IsEquivalent => "FAILS",
            { Method: EquivalenceMethod.Repeatability } => "is the reference",
            { Method: EquivalenceMethod.Transcript } => "holds, by console",
            _ => "holds",
        });
        Row("  instructions compared", static e => Text($"{e.Equivalence?.Instructions ?? 0:#,0}"));
        Row("  comparisons (of everything)", static e => Text($"{e.Equivalence?.Comparisons ?? 0:#,0} ({e.Equivalence?.FullComparisons ?? 0})"));
        Row("  divergences", static e => e.Equivalence?.Holds switch { true => "0", false => "1", null => "-" });
        Row("resource control", static e => e.IsInControl ? "holds" : "FAILS");
        Row("  isolation tests passed", static e => $"{e.ResourceControl.Count(static r => r.Passed)} of {e.ResourceControl.Count}");
        Row("efficiency", static _ => string.Empty);
        Row("  time to the prompt", static e => Text($"{e.Efficiency!.Seconds:0.00} s ({e.Efficiency.End})"));
        Row("  million instructions/s", static e => e.Efficiency!.Mips > 0 ? Text($"{e.Efficiency.Mips:0.0}") : "unknown");
        Row("  executed natively", static e => Share(e, e.Efficiency!.Native));
        Row("  by translated code", static e => Share(e, e.Efficiency!.Translated));
        Row("  by interpretation", static e => Share(e, e.Efficiency!.Interpreted));
        Row("  exits per second", static e => Text($"{e.Efficiency!.ExitsPerSecond:#,0}"));
        foreach (string cause in engines.SelectMany(static e => e.Efficiency!.ExitsByCause.Keys).Distinct())
        {
            Row("    " + cause, e => e.Efficiency!.ExitsByCause.TryGetValue(cause, out long count) ? Text($"{count / e.Efficiency.Seconds:#,0}") : "-");
        }

        Row("  time against native", static e => Text($"{e.Efficiency!.MeanSlowdown:0.0} x"));
        for (int i = 0; i < engines[0].Efficiency!.Kernels.Count; i++)
        {
            int index = i;
            Row("    " + engines[0].Efficiency!.Kernels[i].Name, e => Text($"{e.Efficiency!.Kernels[index].Slowdown:0.0} x"));
        }

        return table;
    }

    private static TextTable Tests(EngineProperties[] engines)
    {
        var table = new TextTable(["ISOLATION TEST", .. engines.Select(static e => e.Engine.ToUpperInvariant())]);
        for (int i = 0; i < engines[0].ResourceControl.Count; i++)
        {
            int index = i;
            table.Add([engines[0].ResourceControl[i].Name, .. engines.Select(e => e.ResourceControl[index].Passed ? "passed" : "GOT THROUGH")]);
        }

        return table;
    }

    private static string Share(EngineProperties engine, long count)
        => engine.Efficiency!.Native < 0 || engine.Efficiency.Instructions == 0 ? "unknown" : Text($"{(double)count / engine.Efficiency.Instructions:0.0 %}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
