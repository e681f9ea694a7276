using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Xml.Linq;
using Sosia.Core;
using Sosia.Theory.Reports;
using Xunit;

namespace Sosia.Theory.Tests;

/// <summary>What is computed about the x86, against the literature and against the table.</summary>
public sealed class X86ClassificationTests(X86Classifications classifications) : IClassFixture<X86Classifications>
{
    // Robin and Irvine (USENIX Security 2000): sensitive and unprivileged on the Pentium; far forms of CALL, JMP and RET.
    private static readonly string[] RobinAndIrvine =
    [
        "sgdt", "sidt", "sldt", "smsw", "pushf", "popf", "lar", "lsl", "verr", "verw", "push", "pop", "mov", "call", "jmp", "retf", "int", "str",
    ];

    // What User-Mode Instruction Prevention takes away.
    private static readonly string[] Prevented = ["sgdt", "sidt", "sldt", "smsw", "str"];

    // docs/theory.md explains each.
    private static readonly string[] NotInTheLiterature = ["iret", "int3", "into", "lss", "lfs", "lgs", "cpuid"];
    private static readonly string[] NotInTheLiterature32 = ["les", "lds"];

    private static readonly string[] WithheldAlways = ["cli", "sti", "in", "out", "ins", "insb", "outs", "outsb", "rdtsc", "rdtscp", "xgetbv", "xsave", "xsavec", "xsaveopt", "xrstor", "sysenter"];
    private static readonly string[] Withheld64 = ["syscall", "rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase"];

    [Theory]
    [InlineData("x86-32")]
    [InlineData("x86-64")]
    public void The_sensitive_unprivileged_instructions_are_those_of_the_literature_and_the_documented_ones(string isa)
    {
        IEnumerable<string> expected = [.. RobinAndIrvine, .. NotInTheLiterature, .. isa == "x86-32" ? NotInTheLiterature32 : []];
        // 64-bit code has no INTO, and of the pushes of selectors only those that show nothing.
        Assert.Equal(Sorted(isa == "x86-32" ? expected : expected.Except(["into", "push"])), Mnemonics(classifications.Of(isa), InstructionClass.Unprivileged));
    }

    [Theory]
    [InlineData("x86-32")]
    [InlineData("x86-64")]
    public void User_mode_instruction_prevention_takes_away_exactly_five(string isa)
    {
        IEnumerable<string> without = Mnemonics(classifications.Of(isa), InstructionClass.Unprivileged);
        Classification with = classifications.WithUmip(isa);
        Assert.Equal(Sorted(without.Except(Prevented)), Mnemonics(with, InstructionClass.Unprivileged));
        Assert.Empty(Prevented.Except(Mnemonics(with, InstructionClass.Privileged)));
    }

    [Theory]
    [InlineData("x86-32")]
    [InlineData("x86-64")]
    public void The_table_claims_what_is_computed(string isa)
        => Assert.Empty(classifications.Of(isa).WrongClaims.Select(static r => $"{r.Row.Encoding} {r.Row.Mnemonic} {r.Row.Operands}: claimed {r.Row.Claim}, computed {r.Claimed}"));

    [Theory]
    [InlineData("x86-32")]
    [InlineData("x86-64")]
    public void What_the_control_program_can_withhold_is_found(string isa)
    {
        string[] expected = [.. WithheldAlways, .. isa == "x86-64" ? Withheld64 : []];
        Assert.Equal(Sorted(expected), Mnemonics(classifications.Of(isa), InstructionClass.Withholdable));
    }

    [Theory]
    [InlineData("x86-32")]
    [InlineData("x86-64")]
    public void No_theorem_s_premise_is_given(string isa)
    {
        Classification result = classifications.Of(isa);
        Assert.Equal([false, false, false], result.Theorems.Select(static t => t.Holds));
        Assert.Equal(result.Rows.Where(static r => r.BreaksTheorem1), result.Theorems[0].Breaking);
        Assert.Contains("pushf", result.Theorems[2].Breaking.Select(static r => r.Row.Mnemonic));
    }

    [Theory]
    [InlineData("x86-32")]
    [InlineData("x86-64")]
    public void Every_sensitive_row_has_a_witness_for_each_of_its_sensitivities(string isa)
    {
        foreach (RowVerdict row in classifications.Of(isa).Rows)
        {
            Assert.Equal(row.Sensitivity, row.Witnesses.Aggregate(Sensitivity.None, static (all, w) => all | w.Kind));
            Assert.Equal(row.UserSensitivity, row.Witnesses.Where(static w => w.IsUser).Aggregate(Sensitivity.None, static (all, w) => all | w.Kind));
            Assert.All(row.Witnesses, static w => Assert.True(w.FirstOutcome.Length > 0 && (w.Kind == Sensitivity.Control || w.FirstOutcome != w.SecondOutcome), w.ToString()));
        }
    }

    [Theory]
    [InlineData("x86-32")]
    [InlineData("x86-64")]
    public void Almost_every_row_completes_in_some_state(string isa)
    {
        IReadOnlyList<RowVerdict> rows = classifications.Of(isa).Rows;
        Assert.True(rows.Count > 1000, $"only {rows.Count} rows");
        // INT n and its like, UDn, RDPMC without counters; in 32-bit code SYSCALL and SYSRET.
        Assert.Equal(
            Sorted(["int", "int1", "int3", "rdpmc", "ud0", "ud1", "ud2", .. isa == "x86-32" ? (string[])["syscall", "sysret"] : []]),
            Sorted(rows.Where(static r => r.NeverCompletes).Select(static r => r.Row.Mnemonic)));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes()
    {
        Assert.Equal(Report(3), Report(3));

        static string Report(int seed)
        {
            using var isa = new SelectedRows(IsaRegistry.Create("x86-64", preventsUserInstructions: false), static r => r.Family is "tables" or "alu");
            var text = new StringWriter();
            JsonReport.Write(Classifier.Classify(isa, new ClassifierOptions { Seed = seed, StatesPerRow = 8 }), text);
            return text.ToString();
        }
    }

    [Fact]
    public void The_reports_are_well_formed_and_name_what_breaks_theorem_1()
    {
        Classification result = classifications.Of("x86-32");
        Assert.Equal("x86-32", JsonDocument.Parse(Text(JsonReport.Write)).RootElement.GetProperty("isa").GetString());
        XDocument picture = XDocument.Parse(Text(SvgReport.Write));
        Assert.Contains("sgdt", picture.Descendants().Select(static e => e.Value));
        Assert.Contains("`sgdt Ms`", Text(MarkdownReport.Write), StringComparison.Ordinal);
        Assert.Contains("Theorem 1 fails.", Text(TextReport.Write), StringComparison.Ordinal);

        string Text(Action<Classification, TextWriter> write)
        {
            var text = new StringWriter();
            write(result, text);
            return text.ToString();
        }
    }

    [Fact]
    public void An_unknown_isa_is_refused_with_the_known_ones()
    {
        SosiaException error = Assert.Throws<SosiaException>(static () => IsaRegistry.Create("arm", preventsUserInstructions: false));
        Assert.Equal("There is no ISA 'arm' to classify; there are x86-32 and x86-64.", error.Message);
    }

    private static IEnumerable<string> Mnemonics(Classification result, InstructionClass instructionClass)
        => Sorted(result.Of(instructionClass).Select(static r => r.Row.Mnemonic));

    private static IEnumerable<string> Sorted(IEnumerable<string> mnemonics) => mnemonics.Distinct().Order(StringComparer.Ordinal);
}
