using System.Globalization;
using System.Linq;

namespace Sosia.Theory.Reports;

/// <summary>Sentences that several reports have in common.</summary>
internal static class ReportTexts
{
    /// <summary>The classes in the order in which reports show them.</summary>
    public static InstructionClass[] Sensitive { get; } = [InstructionClass.Unprivileged, InstructionClass.Withholdable, InstructionClass.Privileged];

    /// <summary>What an asterisk means.</summary>
    public const string Legend = "An asterisk marks what user states alone show (theorem 3). control: changes mode or resources without a trap; mode, location, resource: two states that differ only in that have different outcomes.";

    /// <summary>A class's heading.</summary>
    public static string Title(InstructionClass instructionClass) => instructionClass switch
    {
        InstructionClass.Unprivileged => "Sensitive, and not privileged",
        InstructionClass.Withholdable => "Sensitive, and privileged where rights are withheld",
        InstructionClass.Privileged => "Privileged",
        _ => "Innocuous",
    };

    /// <summary>What a class means.</summary>
    public static string Explain(InstructionClass instructionClass) => instructionClass switch
    {
        InstructionClass.Unprivileged => "These break theorem 1: in user mode they are executed whatever the control program does, or they trap in supervisor mode as well (INT n).",
        InstructionClass.Withholdable => "Trap in user mode in every state in which the control program gives away no right that it can withhold.",
        InstructionClass.Privileged => "Trap in every user state, and complete in supervisor mode.",
        _ => "The same outcome in either mode, anywhere, with any resources, as far as they do not trap: the hardware may execute them directly.",
    };

    /// <summary>How the result was obtained.</summary>
    public static string Method(Classification c)
        => string.Create(CultureInfo.InvariantCulture, $"{c.Rows.Count} rows, {c.StatesPerRow} states each, {c.Executions} executions from seed {c.Seed}.");

    /// <summary>A theorem's verdict in one word.</summary>
    public static string Verdict(TheoremVerdict theorem) => theorem.Holds ? "holds" : "fails";

    /// <summary>The names of the rows that break a theorem, grouped.</summary>
    public static string Breaking(TheoremVerdict theorem)
        => string.Join(", ", RowGroup.Of(theorem.Breaking).Select(static g => g.Name).Distinct());

    /// <summary>A witness as one sentence.</summary>
    public static string Describe(Witness w)
        => w.Kind == Sensitivity.Control
            ? $"{w.Instruction} at {w.FirstState}: {w.FirstOutcome}"
            : $"{w.Instruction}: with {w.FirstState}: {w.FirstOutcome}; with {w.SecondState}: {w.SecondOutcome}";

    /// <summary>A sensitivity's name.</summary>
    public static string Name(Sensitivity kind) => kind switch
    {
        Sensitivity.Control => "control",
        Sensitivity.Mode => "mode",
        Sensitivity.Location => "location",
        _ => "resource",
    };
}
