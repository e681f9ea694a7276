using System;
using System.Collections.Generic;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Disassembly;
using Xunit;

namespace Sosia.Isa.X86.Tests.Fuzz;

/// <summary>Nothing that a guest executes may raise a .NET exception, hold the machine, or reach memory that is not the guest's.</summary>
public sealed class ExecutionFuzzTests
{
    private const int Starts = 400;
    private const int InstructionsPerStart = 300;
    private const int DecodedSequences = 200_000;

    public static IEnumerable<object[]> Modes()
    {
        foreach (CpuMode mode in Enum.GetValues<CpuMode>())
        {
            if (mode != CpuMode.Virtual8086)
            {
                yield return [mode, 0];
            }

            if (mode != CpuMode.Real)
            {
                yield return [mode, 3];
            }
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Random_code_in_a_random_state_ends_within_its_budget_and_within_guest_memory(CpuMode mode, int ring)
    {
        using var machine = new FuzzMachine(seed: (10 * (int)mode) + ring);
        for (int i = 0; i < Starts; i++)
        {
            machine.Run(mode, ring, InstructionsPerStart);
        }

        Assert.True(machine.AreFencesWhole, "A write went beside guest memory.");
        // Fewer would mean that the states are so wild that nothing gets to run.
        Assert.True(machine.Retired > 5 * Starts, $"Only {machine.Retired} instructions of {Starts} starts were executed.");
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)]
    public void Random_bytes_decode_to_an_instruction_within_them_or_to_none(int codeBits)
    {
        var random = new Random(codeBits);
        byte[] bytes = new byte[15];
        for (int i = 0; i < DecodedSequences; i++)
        {
            random.NextBytes(bytes);
            ReadOnlySpan<byte> given = bytes.AsSpan(0, random.Next(1, 16));
            if (Decoder.Decode(given, codeBits, out DecodedInstruction instruction) == DecodeStatus.Ok)
            {
                Assert.InRange(instruction.Length, 1, given.Length);
            }

            Assert.NotEmpty(Disassembler.Disassemble(given, codeBits, 0x1000, out int byteCount));
            Assert.InRange(byteCount, 1, given.Length);
        }
    }
}
