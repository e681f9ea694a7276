using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests;

/// <summary>Vector instructions in host code do what the interpreter does, on hosts with and without AVX.</summary>
public sealed unsafe class VectorTests
{
    private const int Rounds = 4;

    private static readonly uint[] Special =
    [
        0, 0x8000_0000, 1, 0x007f_ffff, 0x0080_0000, 0x3f80_0000, 0xbf80_0000, 0x4020_0000, 0x4f00_0000, 0xcf00_0000, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_1234,
        0x7f80_0001, 0x3ff0_0000, 0x7ff8_0000, 0x7ff0_0000, 0x0010_0000,
    ];

    /// <summary>Families, what to hide of the host, and the code's width.</summary>
    public static TheoryData<string, string?, int> FamiliesAndHosts()
    {
        var data = new TheoryData<string, string?, int>();
        foreach (string family in (ReadOnlySpan<string>)["sse", "sse2", "sse3", "ssse3", "sse4.1", "sse4.2", "avx", "avx2", "avx-special", "fma", "f16c"])
        {
            data.Add(family, null, 64);
            data.Add(family, null, 32);
        }

        foreach (string family in (ReadOnlySpan<string>)["avx", "avx2", "avx-special", "fma", "f16c"])
        {
            data.Add(family, "avx,avx2,fma,f16c", 64);
            data.Add(family, "avx2,fma,aes", 64);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(FamiliesAndHosts))]
    public void Host_code_does_what_the_interpreter_does(string family, string? hidden, int codeBits)
    {
        ulong host = HostFeatures.Find(hidden);
        using var expected = new VectorMachine(new InterpreterEngine(), codeBits);
        using var actual = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1, HostFeatures = host }), codeBits);
        var random = new Random(family.Length + 31);
        var generator = new InstructionGenerator(random, VectorMachine.DataAddress);
        var differences = new List<string>();
        int calls = 0;
        int recordable = 0;
        foreach (InstructionRow row in InstructionTable.Rows.Where(r => r.Family == family && !IsApproximate(r)))
        {
            for (int form = 0; form < 4; form++)
            {
                if (generator.Make(row, codeBits, random.Next(4) == 0 ? codeBits : 32, memory: (form & 1) != 0, VectorMachine.CodeAddress) is not { } instruction)
                {
                    continue;
                }

                expected.Load(instruction.Bytes);
                actual.Load(instruction.Bytes);
                long before = actual.Engine.Counters.HelperCalls;
                for (int round = 0; round < Rounds; round++)
                {
                    Randomize(expected, instruction, random);
                    Copy(expected, actual);
                    string start = Describe(expected);
                    expected.Step();
                    actual.Step();
                    if (Difference(expected, actual) is { Length: > 0 } difference)
                    {
                        differences.Add($"{instruction}: {difference} from {start}");
                    }
                }

                calls += actual.Engine.Counters.HelperCalls != before ? 1 : 0;
                recordable++;
            }
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differ:\n{string.Join('\n', differences.Take(8))}");
        Assert.NotEqual(0, actual.Engine.Counters.Translations);
        // What is left to the handlers: MMX, strings, masked moves; and what is hidden.
        bool isHidden = hidden is not null && (family != "avx" || hidden.Contains("avx,", StringComparison.Ordinal));
        bool isMixed = family is "ssse3" or "sse4.2";
        Assert.True(isHidden || isMixed || calls * 4 < recordable, $"{calls} of {recordable} instructions called their handlers.");
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("avx", true)]
    public void What_the_host_lacks_calls_the_handler(string? hidden, bool calls)
    {
        using var machine = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1, HostFeatures = HostFeatures.Find(hidden) }));
        machine.Load([0xc5, 0xf4, 0x57, 0xc2]); // vxorps ymm0, ymm1, ymm2
        for (int i = 0; i < 50; i++)
        {
            machine.Step();
        }

        Assert.Equal(calls, machine.Engine.Counters.HelperCalls >= 40);
    }

    [Fact]
    public void Hiding_an_unknown_feature_is_refused_with_the_names_of_all()
        => Assert.Contains("names 'mmx', which is unknown; use names of aes, ", Assert.Throws<Core.SosiaException>(() => HostFeatures.Find("avx,mmx")).Message, StringComparison.Ordinal);

    // Different from one processor to the next.
    private static bool IsApproximate(InstructionRow row) => row.Mnemonic.TrimStart('v').StartsWith("rcp", StringComparison.Ordinal) || row.Mnemonic.TrimStart('v').StartsWith("rsqrt", StringComparison.Ordinal);

    private static void Randomize(VectorMachine machine, GeneratedInstruction instruction, Random random)
    {
        X86State* st = machine.State;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = (ulong)random.NextInt64();
        }

        // MASKMOVDQU and the lengths of PCMPESTRI.
        st->Gpr[7] = VectorMachine.DataAddress + 0x1000;
        st->Gpr[0] = (ulong)random.Next(-20, 20);
        if (instruction.Base.Register >= 0)
        {
            st->Gpr[instruction.Base.Register] = instruction.Base.Value;
        }

        if (instruction.Index.Register >= 0)
        {
            st->Gpr[instruction.Index.Register] = instruction.Index.Value;
        }

        uint* vector = (uint*)st->Vector;
        for (int i = 0; i < 128; i++)
        {
            vector[i] = Element(random);
        }

        st->Mxcsr = 0x1f80u | (uint)random.Next(64) | ((uint)random.Next(4) << 13) | (random.Next(4) == 0 ? 0x8040u : 0);
        machine.Cpu.Rflags = ((ulong)random.Next() & LazyFlags.All) | 2;
        if (instruction.Target != 0)
        {
            for (uint at = 0; at < 32; at += 4)
            {
                machine.Memory.Write(instruction.Target + at, 4, Element(random));
            }
        }
    }

    private static uint Element(Random random) => random.Next(3) switch
    {
        0 => Special[random.Next(Special.Length)],
        1 => (uint)random.Next(0x3e00_0000, 0x4180_0000) | ((uint)random.Next(2) << 31),
        _ => (uint)random.NextInt64(),
    };

    private static void Copy(VectorMachine from, VectorMachine to)
    {
        for (int i = 0; i < 16; i++)
        {
            to.State->Gpr[i] = from.State->Gpr[i];
        }

        for (int i = 0; i < 64; i++)
        {
            to.State->Vector[i] = from.State->Vector[i];
        }

        to.State->Mxcsr = from.State->Mxcsr;
        to.Cpu.Rflags = from.Cpu.Rflags;
        from.Ram[(int)VectorMachine.DataAddress..].CopyTo(to.Ram[(int)VectorMachine.DataAddress..]);
    }

    private static string Difference(VectorMachine expected, VectorMachine actual)
    {
        X86State* a = expected.State;
        X86State* b = actual.State;
        for (int i = 0; i < 16; i++)
        {
            if (a->Gpr[i] != b->Gpr[i])
            {
                return $"r{i} {b->Gpr[i]:x} instead of {a->Gpr[i]:x}";
            }
        }

        for (int i = 0; i < 64; i++)
        {
            if (a->Vector[i] != b->Vector[i])
            {
                return $"ymm{i / 4}[{i % 4}] {b->Vector[i]:x} instead of {a->Vector[i]:x}";
            }
        }

        return a->Mxcsr != b->Mxcsr ? $"MXCSR {b->Mxcsr:x} instead of {a->Mxcsr:x}"
            : expected.Cpu.Rflags != actual.Cpu.Rflags ? $"RFLAGS {actual.Cpu.Rflags:x} instead of {expected.Cpu.Rflags:x}"
            : a->Rip != b->Rip ? $"RIP {b->Rip:x} instead of {a->Rip:x}"
            : !expected.Ram.SequenceEqual(actual.Ram) ? $"memory at {expected.Ram.CommonPrefixLength(actual.Ram):x}"
            : string.Empty;
    }

    private static string Describe(VectorMachine machine) => $"MXCSR {machine.State->Mxcsr:x}";
}
