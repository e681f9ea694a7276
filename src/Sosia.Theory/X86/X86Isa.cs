using System;
using System.Collections.Generic;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;

namespace Sosia.Theory.X86;

/// <summary>The x86 in protected mode with 32-bit code, or in 64-bit mode.</summary>
internal sealed class X86Isa : IClassifiableIsa
{
    private readonly int _codeBits;
    private readonly X86Bench _bench;
    private readonly X86TrialGenerator _generator;

    /// <summary>Creates it.</summary>
    /// <param name="codeBits">32 or 64.</param>
    /// <param name="preventsUserInstructions">CR4.UMIP in all states.</param>
    public X86Isa(int codeBits, bool preventsUserInstructions)
    {
        _codeBits = codeBits;
        _bench = new X86Bench(codeBits, preventsUserInstructions);
        _generator = new X86TrialGenerator(codeBits);
        LocationAspects = X86Place.Aspects(codeBits);
        ResourceAspects = Array.ConvertAll(X86Resources.All, static r => r.Name);
        Name = codeBits == 64 ? "x86-64" : "x86-32";
        string mode = codeBits == 64 ? "64-bit mode with four-level paging" : "protected mode with 32-bit code and two-level paging";
        Description = $"x86-64-v3 processor in {mode}, {(preventsUserInstructions ? "with" : "without")} user-mode instruction prevention (CR4.UMIP)";
        Rows = CreateRows(codeBits);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public IReadOnlyList<IsaRow> Rows { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> LocationAspects { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ResourceAspects { get; }

    /// <inheritdoc/>
    public Outcome CreateOutcome() => X86Bench.CreateOutcome();

    /// <inheritdoc/>
    public Trial? Generate(IsaRow row, Random random) => _generator.Generate(InstructionTable.Rows[row.Id], random);

    /// <inheritdoc/>
    public void Execute(Trial trial, in Variant variant, Outcome outcome) => _bench.Execute((X86Trial)trial, variant, outcome);

    /// <inheritdoc/>
    public string DescribeMode(ProcessorMode mode) => mode == ProcessorMode.Supervisor ? "CPL 0" : "CPL 3";

    /// <inheritdoc/>
    public (string First, string Second) DescribeResource(Trial trial, int aspect)
    {
        var filled = (X86Trial)trial;
        X86Resource resource = X86Resources.All[aspect];
        return (resource.Format(filled.Resources[aspect]), resource.Format(filled.OtherResources[aspect]));
    }

    /// <inheritdoc/>
    public string DescribeTrap(ulong trap) => X86OutcomeReader.DescribeTrap(trap);

    /// <inheritdoc/>
    public string NameProgramWord(int index) => X86OutcomeReader.NameProgramWord(index);

    /// <inheritdoc/>
    public string NameResourceWord(int index) => X86OutcomeReader.NameResourceWord(index);

    /// <inheritdoc/>
    public void Dispose() => _bench.Dispose();

    // The rows of which the generator can make an instruction: whether a row exists in a mode is a matter of its encoding.
    private static List<IsaRow> CreateRows(int codeBits)
    {
        var rows = new List<IsaRow>();
        var generator = new InstructionGenerator(new Random(0), X86Layout.Scratch, X86Layout.ScratchByteCount) { MakesBranches = true };
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (Exists(generator, row, codeBits))
            {
                string operands = string.Join(',', Array.ConvertAll(row.Operands, static o => o.Text));
                rows.Add(new IsaRow(row.Id, row.Encoding.Text, row.Mnemonic, operands, row.Family, Claim(row.Virtualization)));
            }
        }

        return rows;
    }

    private static bool Exists(InstructionGenerator generator, InstructionRow row, int codeBits)
    {
        const int Attempts = 40;
        for (int i = 0; i < Attempts; i++)
        {
            for (int operandBits = 16; operandBits <= codeBits; operandBits *= 2)
            {
                if (generator.Make(row, codeBits, operandBits, memory: true, X86Layout.Code) is not null
                    || generator.Make(row, codeBits, operandBits, memory: false, X86Layout.Code) is not null)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static RowClaim Claim(VirtualizationClass virtualization) => virtualization switch
    {
        VirtualizationClass.Innocuous => RowClaim.Innocuous,
        VirtualizationClass.Privileged => RowClaim.Privileged,
        VirtualizationClass.Withholdable => RowClaim.Withholdable,
        _ => RowClaim.Sensitive,
    };
}
