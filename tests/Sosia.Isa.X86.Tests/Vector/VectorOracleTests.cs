using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Vector;

/// <summary>Every MMX and SSE instruction of the table against the host CPU: registers, memory, MXCSR, tags and EFLAGS, in all operand forms.</summary>
public sealed unsafe class VectorOracleTests
{
    private const int StatesPerForm = 100;
    private const int Rax = 0;
    private const int Rdx = 2;
    private const int Rdi = 7;

    private static readonly string[] Families = ["mmx", "sse", "sse2", "sse3", "ssse3", "sse4.1", "sse4.2", "aes", "pclmulqdq", "avx", "avx2", "avx-special", "fma", "f16c"];

    /// <summary>The families that the table has.</summary>
    public static TheoryData<string, int> FamiliesAndWidths()
    {
        var data = new TheoryData<string, int>();
        foreach (string family in Families)
        {
            data.Add(family, 64);
            if (NativeOracle.Has32BitCode)
            {
                data.Add(family, 32);
            }
        }

        return data;
    }

    [HostCpuTheory]
    [MemberData(nameof(FamiliesAndWidths))]
    public void Instructions_do_what_the_host_cpu_does(string family, int codeBits)
    {
        using var comparison = new OracleComparison(seed: 4711 + codeBits);
        var untested = new List<string>();
        foreach (InstructionRow row in InstructionTable.Rows.Where(r => r.Family == family && (codeBits == 64 || ((r.Encoding.IsVex || !r.Encoding.RexW) && (r.Flags & RowFlags.Only64) == 0))))
        {
            int before = comparison.Compared;
            if (NativeFeatures.Has(row.Feature) && !IsApproximate(row))
            {
                CompareForm(comparison, row, codeBits, memory: false, unmask: false);
                CompareForm(comparison, row, codeBits, memory: true, unmask: false);
            }

            if (comparison.Compared == before && NativeFeatures.Has(row.Feature) && !IsApproximate(row))
            {
                untested.Add(row.ToString());
            }
        }

        Assert.True(comparison.DifferenceCount == 0, $"{comparison.DifferenceCount} of {comparison.Compared} differ:\n{string.Join('\n', comparison.Differences)}");
        Assert.Empty(untested);
        Assert.Equal(0, comparison.Faulted);
        Assert.NotEqual(0, comparison.Compared);
    }

    // What faults is not executed natively: natively, an exception that was overlooked here would end the process.
    [HostCpuTheory]
    [InlineData("sse")]
    [InlineData("sse2")]
    [InlineData("sse3")]
    [InlineData("sse4.1")]
    [InlineData("avx")]
    [InlineData("fma")]
    [InlineData("f16c")]
    public void Unmasked_exceptions_that_do_not_occur_change_nothing(string family)
    {
        using var comparison = new OracleComparison(seed: 4713);
        foreach (InstructionRow row in InstructionTable.Rows.Where(r => r.Family == family && NativeFeatures.Has(r.Feature) && !IsApproximate(r)))
        {
            CompareForm(comparison, row, 64, memory: false, unmask: true);
        }

        Assert.True(comparison.DifferenceCount == 0, $"{comparison.DifferenceCount} of {comparison.Compared} differ:\n{string.Join('\n', comparison.Differences)}");
        Assert.NotEqual(0, comparison.Compared);
        Assert.NotEqual(0, comparison.Faulted);
    }

    // Their results differ from one processor model to the next.
    private static bool IsApproximate(InstructionRow row) => row.Mnemonic.TrimStart('v').StartsWith("rcp", StringComparison.Ordinal) || row.Mnemonic.TrimStart('v').StartsWith("rsqrt", StringComparison.Ordinal);

    private static void CompareForm(OracleComparison comparison, InstructionRow row, int codeBits, bool memory, bool unmask)
    {
        for (int i = 0; i < StatesPerForm; i++)
        {
            int operandBits = codeBits == 64 && comparison.Random.Next(4) == 0 ? 64 : 32;
            GeneratedInstruction? instruction = comparison.Generator.Make(row, codeBits, operandBits, memory, comparison.InstructionAddress(codeBits));
            if (instruction is null)
            {
                continue;
            }

            comparison.Randomize(instruction);
            VectorSetup.Randomize(comparison, instruction, unmask);
            if (row.Mnemonic is "maskmovq" or "maskmovdqu" or "vmaskmovdqu")
            {
                comparison.Initial->Gpr[Rdi] = comparison.ScratchAddress + (ulong)comparison.Random.Next(NativeOracle.ScratchBytes / 4, NativeOracle.ScratchBytes / 2);
            }
            else if (row.Mnemonic.TrimStart('v').StartsWith("pcmpestr", StringComparison.Ordinal))
            {
                comparison.Initial->Gpr[Rax] = (ulong)comparison.Random.Next(-20, 20);
                comparison.Initial->Gpr[Rdx] = (ulong)comparison.Random.Next(-20, 20);
                comparison.ApplyAddress(instruction);
            }

            comparison.Compare(instruction, undefinedFlags: 0, compareFx: true);
        }
    }
}
