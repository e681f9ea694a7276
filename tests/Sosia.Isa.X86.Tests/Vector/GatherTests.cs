using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Vector;

/// <summary>Gathers against the host CPU, and what a fault in the middle of one leaves.</summary>
public sealed unsafe class GatherTests
{
    private const int StatesPerForm = 400;
    private const int Rbx = 3;
    private const int XmmAt = 160;

    [HostCpuTheory]
    [MemberData(nameof(NativeOracle.CodeWidths), MemberType = typeof(NativeOracle))]
    public void Gathers_do_what_the_host_cpu_does(int codeBits)
    {
        using var comparison = new OracleComparison(seed: 815 + codeBits);
        Random random = comparison.Random;
        foreach (InstructionRow row in InstructionTable.Rows.Where(r => r.Family == "gather" && NativeFeatures.Has(r.Feature)))
        {
            for (int i = 0; i < StatesPerForm; i++)
            {
                int[] registers = Distinct(random, codeBits == 64 ? 16 : 8);
                int scale = random.Next(4);
                sbyte displacement = (sbyte)random.Next(-128, 128);
                GeneratedInstruction instruction = Make(row, codeBits, registers, scale, displacement);
                comparison.Randomize(instruction);
                VectorSetup.Randomize(comparison, instruction, unmask: false);
                comparison.Initial->Gpr[Rbx] = comparison.ScratchAddress + (NativeOracle.ScratchBytes / 2);
                int indexByteCount = IndexByteCount(row);
                for (int at = 0; at < 32; at += indexByteCount)
                {
                    SetElement(comparison.Initial, registers[1], at, indexByteCount, random.Next(-900, 900));
                }

                comparison.Compare(instruction, undefinedFlags: 0, compareFx: true);
            }
        }

        Assert.True(comparison.DifferenceCount == 0, $"{comparison.DifferenceCount} of {comparison.Compared} differ:\n{string.Join('\n', comparison.Differences)}");
        Assert.Equal(0, comparison.Faulted);
        Assert.Equal(!NativeFeatures.Has(CpuFeature.Avx2), comparison.Compared == 0);
    }

    [Fact]
    public void A_fault_leaves_what_was_loaded_and_a_mask_of_the_rest()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Cr4 |= ControlBits.Cr4Osxsave;
        m.State->Xcr0 = 7;
        m.State->Gpr[0] = 0x5000;
        m.Write32(0x5000, 0x1111_1111);
        m.Write32(0x5010, 0x3333_3333);
        uint* destination = (uint*)m.State->Vector;
        int* index = (int*)(m.State->Vector + 4);
        uint* mask = (uint*)(m.State->Vector + 8);
        for (int i = 0; i < 8; i++)
        {
            destination[i] = 0xdddd_dddd;
            mask[i] = i == 1 ? 0 : 0x8000_0000;
        }

        // Elements 0 and 2 are there, 1 is masked out, 3 is not canonical with this base.
        index[2] = 4;
        index[3] = 4;
        m.State->Gpr[0] = 0x5000;
        index[3] = int.MinValue;
        // vpgatherdd ymm0, [rax+ymm1*4], ymm2
        byte[] gather = [0xc4, 0xe2, 0x6d, 0x90, 0x04, 0x88];
        Assert.False(m.Execute(gather));
        Assert.Equal(ExceptionVector.PageFault, m.FaultVector);
        Assert.Equal([0x1111_1111u, 0xdddd_dddd, 0x3333_3333, 0xdddd_dddd], new ReadOnlySpan<uint>(destination, 4).ToArray());
        Assert.Equal([0u, 0, 0, 0xffff_ffff, 0xffff_ffff], new ReadOnlySpan<uint>(mask, 5).ToArray());
        for (int i = 3; i < 8; i++)
        {
            index[i] = 0;
        }

        Assert.True(m.Execute(gather));
        Assert.Equal([0x1111_1111u, 0xdddd_dddd, 0x3333_3333, 0x1111_1111], new ReadOnlySpan<uint>(destination, 4).ToArray());
        Assert.Equal(0, new ReadOnlySpan<uint>(mask, 8).IndexOfAnyExcept(0u) + 1);
    }

    [Theory]
    [InlineData("C4E26D900408", true)] // ymm0, [rax+ymm1], ymm2
    [InlineData("C4E27D900408", false)] // mask = destination
    [InlineData("C4E26D900410", false)] // mask = index
    [InlineData("C4E26D900400", false)] // destination = index
    [InlineData("C4E26D9000", false)] // no SIB byte
    [InlineData("C4E26D90C1", false)] // a register
    public void Gathers_demand_three_registers_and_a_SIB_byte(string code, bool isDefined)
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Cr4 |= ControlBits.Cr4Osxsave;
        m.State->Xcr0 = 7;
        Assert.Equal(isDefined, m.Execute(Convert.FromHexString(code)));
        Assert.Equal(isDefined ? -1 : ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    private static int IndexByteCount(InstructionRow row) => row.Mnemonic.Replace("vp", string.Empty, StringComparison.Ordinal).TrimStart('v')["gather".Length] == 'd' ? 4 : 8;

    private static int[] Distinct(Random random, int count)
    {
        int[] all = [.. Enumerable.Range(0, count)];
        random.Shuffle(all);
        return all[..3];
    }

    // Destination, index and mask; [rbx + index * scale + displacement].
    private static GeneratedInstruction Make(InstructionRow row, int codeBits, int[] registers, int scale, sbyte displacement)
    {
        List<byte> bytes =
        [
            0xc4,
            (byte)((registers[0] < 8 ? 0x80 : 0) | (registers[1] < 8 ? 0x40 : 0) | 0x20 | 2),
            (byte)((row.Encoding.RexW ? 0x80 : 0) | ((15 - registers[2]) << 3) | (row.Encoding.VexLength << 2) | 1),
            row.Encoding.Opcode,
            (byte)(0x44 | ((registers[0] & 7) << 3)),
            (byte)((scale << 6) | ((registers[1] & 7) << 3) | Rbx),
            (byte)displacement,
        ];
        byte[] code = [.. bytes];
        Assert.Equal(DecodeStatus.Ok, Decoder.Decode(code, codeBits, out DecodedInstruction decoded));
        Assert.Same(row, decoded.Row);
        return new GeneratedInstruction { Row = row, CodeBits = codeBits, Bytes = code, Decoded = decoded, Target = 0, Base = (-1, 0), Index = (-1, 0) };
    }

    private static void SetElement(OracleState* state, int register, int at, int byteCount, int value)
    {
        byte* half = at < 16 ? state->Fx + XmmAt + (16 * register) + at : (byte*)&state->YmmHigh[2 * register] + at - 16;
        if (byteCount == 4)
        {
            *(int*)half = value;
        }
        else
        {
            *(long*)half = value;
        }
    }
}
