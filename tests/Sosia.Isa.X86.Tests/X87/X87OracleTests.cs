using System.Linq;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>
/// Every x87 row against the host CPU on random stacks, operands, rounding and precision controls and exception masks: registers, tags,
/// status and memory bit for bit, transcendental results within one unit in the last place.
/// </summary>
public sealed unsafe class X87OracleTests
{
    private const int StatesPerRow = 400;

    /// <summary>The mnemonics of the table's x87 rows.</summary>
    public static TheoryData<string> Mnemonics() => [.. Rows().Select(r => r.Mnemonic).Distinct()];

    [HostCpuTheory]
    [MemberData(nameof(Mnemonics))]
    public void Instructions_do_what_the_host_cpu_does(string mnemonic)
    {
        using var comparison = new OracleComparison(seed: 80387);
        comparison.X87UlpTolerance = mnemonic is "f2xm1" or "fyl2x" or "fyl2xp1" or "fpatan" or "fptan" or "fsin" or "fcos" or "fsincos" ? 1u : 0;
        foreach (InstructionRow row in Rows().Where(r => r.Mnemonic == mnemonic))
        {
            int before = comparison.Compared;
            for (int i = 0; i < StatesPerRow; i++)
            {
                int codeBits = (i & 1) == 0 || !NativeOracle.Has32BitCode ? 64 : 32;
                int operandBits = (i & 2) == 0 ? 32 : 16;
                bool memory = row.Encoding.HasModRm && row.Encoding.ModRmByte < 0;
                if (comparison.Generator.Make(row, codeBits, operandBits, memory, comparison.InstructionAddress(codeBits)) is { } instruction)
                {
                    comparison.Randomize(instruction);
                    X87Setup.Prepare(comparison, instruction);
                    comparison.Compare(instruction, 0, compareFx: true);
                }
            }

            Assert.True(comparison.Compared > before, $"{row} was not compared at all.");
        }

        Assert.True(comparison.DifferenceCount == 0, $"{comparison.DifferenceCount} of {comparison.Compared} differ:\n{string.Join('\n', comparison.Differences)}");
    }

    private static InstructionRow[] Rows() => [.. InstructionTable.Rows.Where(r => r.Family == "x87")];
}
