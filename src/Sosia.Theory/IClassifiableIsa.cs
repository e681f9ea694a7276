using System;
using System.Collections.Generic;

namespace Sosia.Theory;

/// <summary>
/// What an ISA supplies to be classified: its table's rows, states to execute them in with hooks for mode, location and resources, and the
/// outcomes in the terms of the definitions. It decides nothing.
/// </summary>
public interface IClassifiableIsa : IDisposable
{
    /// <summary>The name on the command line.</summary>
    string Name { get; }

    /// <summary>One sentence: which processor, and in which configuration.</summary>
    string Description { get; }

    /// <summary>The rows of the table that exist in this ISA.</summary>
    IReadOnlyList<IsaRow> Rows { get; }

    /// <summary>What can be moved without moving the program as it sees itself, at most 64; bits of <see cref="Variant.Location"/>.</summary>
    IReadOnlyList<string> LocationAspects { get; }

    /// <summary>What the control program grants, withholds or sets, at most 64; bits of <see cref="Variant.Resources"/>.</summary>
    IReadOnlyList<string> ResourceAspects { get; }

    /// <summary>An empty outcome of the right size.</summary>
    Outcome CreateOutcome();

    /// <summary>Makes an instruction of a row and a state around it.</summary>
    /// <param name="row">One of <see cref="Rows"/>.</param>
    /// <param name="random">Where all choices come from: the same sequence gives the same trial.</param>
    /// <returns>Null when the choice led to nothing that can be encoded; another call may.</returns>
    Trial? Generate(IsaRow row, Random random);

    /// <summary>Executes the trial's instruction in one variant of its state.</summary>
    /// <param name="trial">The trial.</param>
    /// <param name="variant">The variant.</param>
    /// <param name="outcome">Where the result goes.</param>
    void Execute(Trial trial, in Variant variant, Outcome outcome);

    /// <summary>A mode's name as the ISA's manual has it.</summary>
    string DescribeMode(ProcessorMode mode);

    /// <summary>A resource aspect's two values in a trial, as "IOPL 0" and "IOPL 3".</summary>
    (string First, string Second) DescribeResource(Trial trial, int aspect);

    /// <summary>A trap as the ISA's manual has it.</summary>
    string DescribeTrap(ulong trap);

    /// <summary>The name of a word of <see cref="Outcome.Program"/>.</summary>
    string NameProgramWord(int index);

    /// <summary>The name of a word of <see cref="Outcome.ResourcesAfter"/>.</summary>
    string NameResourceWord(int index);
}
