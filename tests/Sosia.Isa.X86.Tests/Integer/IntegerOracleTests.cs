using System.Collections.Generic;
using System.Linq;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Integer;

/// <summary>Every general-purpose user instruction of the table against the host CPU, in all operand sizes and forms.</summary>
public sealed unsafe class IntegerOracleTests
{
    private const int StatesPerForm = 60;

    private static readonly string[] Families =
    [
        "alu", "mov", "near", "stack", "shift", "multiply", "extend", "bits", "bmi", "crc32", "string", "decimal", "flags", "misc", "hint",
    ];

    /// <summary>The families that the table has.</summary>
    public static TheoryData<string, int> FamiliesAndWidths()
    {
        var data = new TheoryData<string, int>();
        foreach (string family in Families)
        {
            foreach (int codeBits in NativeOracle.Has32BitCode ? (int[])[64, 32] : [64])
            {
                if (family != "decimal" || codeBits == 32)
                {
                    data.Add(family, codeBits);
                }
            }
        }

        return data;
    }

    [HostCpuTheory]
    [MemberData(nameof(FamiliesAndWidths))]
    public void Instructions_do_what_the_host_cpu_does(string family, int codeBits)
    {
        using var comparison = new OracleComparison(seed: 20240 + codeBits);
        var untested = new List<string>();
        foreach (InstructionRow row in InstructionTable.Rows.Where(r => r.Family == family && IsComparable(r, codeBits)))
        {
            int before = comparison.Compared;
            foreach (int operandBits in (int[])[16, 32, 64])
            {
                CompareForm(comparison, row, codeBits, operandBits, memory: false);
                CompareForm(comparison, row, codeBits, operandBits, memory: true);
            }

            if (comparison.Compared == before && NativeFeatures.Has(row.Feature))
            {
                untested.Add(row.ToString());
            }
        }

        Assert.True(comparison.DifferenceCount == 0, $"{comparison.DifferenceCount} of {comparison.Compared} differ:\n{string.Join('\n', comparison.Differences)}");
        Assert.Empty(untested);
        Assert.NotEqual(0, comparison.Compared);
    }

    // SHLD and SHRD of 16 bits by more than 16 (SDM vol. 2): processors differ in what they leave.
    private static bool IsResultUndefined(GeneratedInstruction instruction, ulong rcx)
    {
        if (instruction.Row.Mnemonic is not ("shld" or "shrd") || instruction.Decoded.EffectiveBits != 16)
        {
            return false;
        }

        ulong count = instruction.Row.Operands[2].Kind == OperandKind.Immediate ? instruction.Decoded.Immediate : rcx;
        return (count & 31) > 16;
    }

    // Control transfers are compared elsewhere; RDRAND has no expected value.
    private static bool IsComparable(InstructionRow row, int codeBits)
        => (row.Flags & (RowFlags.EndsBlock | (codeBits == 64 ? RowFlags.Not64 : RowFlags.Only64))) == 0
            && row.Virtualization == VirtualizationClass.Innocuous
            && (codeBits == 64 || !(row.Encoding.RexW || row.Encoding.OperandBits == 64))
            && row.Mnemonic != "rdrand";

    private static void CompareForm(OracleComparison comparison, InstructionRow row, int codeBits, int operandBits, bool memory)
    {
        if (!NativeFeatures.Has(row.Feature))
        {
            return;
        }

        for (int i = 0; i < StatesPerForm; i++)
        {
            GeneratedInstruction? instruction = comparison.Generator.Make(row, codeBits, operandBits, memory, comparison.InstructionAddress(codeBits));
            if (instruction is null || !NativeFeatures.Defines(instruction))
            {
                continue;
            }

            comparison.Randomize(instruction);
            if (IntegerSetup.Prepare(comparison, instruction) && !IsResultUndefined(instruction, comparison.Initial->Gpr[1]))
            {
                comparison.Compare(instruction, UndefinedFlags.After(instruction.Decoded, comparison.Initial->Gpr[1]));
            }
        }
    }
}
