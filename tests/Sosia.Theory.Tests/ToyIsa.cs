using System;
using System.Collections.Generic;

namespace Sosia.Theory.Tests;

/// <summary>
/// A machine as in Popek and Goldberg's paper: an accumulator, one word of memory, two modes, and a relocation register. Its instructions
/// are chosen by a test; it shows that the classifier needs no x86.
/// </summary>
internal sealed class ToyIsa : IClassifiableIsa
{
    private readonly IReadOnlyList<ToyInstruction> _instructions;

    public ToyIsa(params ToyInstruction[] instructions)
    {
        _instructions = instructions;
        var rows = new List<IsaRow>();
        foreach (ToyInstruction instruction in instructions)
        {
            rows.Add(new IsaRow(rows.Count, $"{rows.Count:x2}", instruction.Name, string.Empty, "toy", instruction.Claim));
        }

        Rows = rows;
    }

    public string Name => "toy";

    public string Description => "a machine of the third generation";

    public IReadOnlyList<IsaRow> Rows { get; }

    public IReadOnlyList<string> LocationAspects { get; } = ["relocation register"];

    public IReadOnlyList<string> ResourceAspects { get; } = ["interval timer", "unit"];

    public Outcome CreateOutcome() => new(programWordCount: 2, resourceWordCount: 3);

    public Trial Generate(IsaRow row, Random random) => new ToyTrial(_instructions[row.Id], (uint)random.Next(0x1000), (uint)random.Next(0x1000));

    public void Execute(Trial trial, in Variant variant, Outcome outcome)
    {
        var toy = (ToyTrial)trial;
        var state = new ToyState
        {
            IsUser = variant.Mode == ProcessorMode.User,
            Accumulator = toy.Accumulator,
            Memory = toy.Memory,
            Relocation = (variant.Location & 1) != 0 ? 0x8000u : 0x4000,
            Timer = (variant.Resources & 1) != 0 ? 77u : 11,
            IsUnitGranted = !variant.IsWithheld && (variant.Resources & 2) == 0,
            Clock = variant.IsLater ? 1000u : 1,
        };
        outcome.ModeBefore = variant.Mode;
        (outcome.ResourcesBefore[0], outcome.ResourcesBefore[1], outcome.ResourcesBefore[2]) = (state.Relocation, state.Timer, state.IsUnitGranted ? 1u : 0);
        outcome.Trap = 0;
        outcome.Kind = toy.Executed.Execute(state);
        outcome.ModeAfter = state.IsUser ? ProcessorMode.User : ProcessorMode.Supervisor;
        (outcome.Program[0], outcome.Program[1]) = (state.Accumulator, state.Memory);
        (outcome.ResourcesAfter[0], outcome.ResourcesAfter[1], outcome.ResourcesAfter[2]) = (state.Relocation, state.Timer, state.IsUnitGranted ? 1u : 0);
    }

    public string DescribeMode(ProcessorMode mode) => mode == ProcessorMode.Supervisor ? "s" : "u";

    public (string First, string Second) DescribeResource(Trial trial, int aspect) => aspect == 0 ? ("timer 11", "timer 77") : ("unit granted", "unit withheld");

    public string DescribeTrap(ulong trap) => "trap";

    public string NameProgramWord(int index) => index == 0 ? "A" : "memory";

    public string NameResourceWord(int index) => index switch { 0 => "relocation", 1 => "timer", _ => "unit" };

    public void Dispose()
    {
    }
}
