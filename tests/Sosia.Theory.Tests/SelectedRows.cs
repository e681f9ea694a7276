using System;
using System.Collections.Generic;
using System.Linq;

namespace Sosia.Theory.Tests;

/// <summary>An ISA with some of its rows only: a row's verdict does not depend on the others.</summary>
internal sealed class SelectedRows(IClassifiableIsa isa, Func<IsaRow, bool> isWanted) : IClassifiableIsa
{
    public string Name => isa.Name;

    public string Description => isa.Description;

    public IReadOnlyList<IsaRow> Rows { get; } = [.. isa.Rows.Where(isWanted)];

    public IReadOnlyList<string> LocationAspects => isa.LocationAspects;

    public IReadOnlyList<string> ResourceAspects => isa.ResourceAspects;

    public Outcome CreateOutcome() => isa.CreateOutcome();

    public Trial? Generate(IsaRow row, Random random) => isa.Generate(row, random);

    public void Execute(Trial trial, in Variant variant, Outcome outcome) => isa.Execute(trial, variant, outcome);

    public string DescribeMode(ProcessorMode mode) => isa.DescribeMode(mode);

    public (string First, string Second) DescribeResource(Trial trial, int aspect) => isa.DescribeResource(trial, aspect);

    public string DescribeTrap(ulong trap) => isa.DescribeTrap(trap);

    public string NameProgramWord(int index) => isa.NameProgramWord(index);

    public string NameResourceWord(int index) => isa.NameResourceWord(index);

    public void Dispose() => isa.Dispose();
}
