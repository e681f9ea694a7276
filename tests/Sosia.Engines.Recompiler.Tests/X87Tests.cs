using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.X87;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests;

/// <summary>x87 instructions in host code do what the interpreter does, which is compared with the host's unit elsewhere.</summary>
public sealed unsafe class X87Tests
{
    private const int Rounds = 60;

    private static readonly string[] Handlers =
    [
        "fsin", "fcos", "fsincos", "fptan", "fpatan", "f2xm1", "fyl2x", "fyl2xp1", "fxtract", "fbld", "fbstp", "fnstenv", "fldenv", "fnsave", "frstor", "fninit", "fneni", "fndisi",
        "fnsetpm", "fstpnce",
    ];

    /// <summary>The mnemonics of the table's x87 rows.</summary>
    public static TheoryData<string> Mnemonics() => [.. Rows().Select(r => r.Mnemonic).Distinct()];

    [Theory]
    [MemberData(nameof(Mnemonics))]
    public void Host_code_does_what_the_interpreter_does(string mnemonic)
    {
        using var expected = new VectorMachine(new InterpreterEngine());
        using var actual = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1 }));
        var random = new Random(mnemonic.Length + 387);
        var generator = new InstructionGenerator(random, VectorMachine.DataAddress);
        var differences = new List<string>();
        foreach (InstructionRow row in Rows().Where(r => r.Mnemonic == mnemonic))
        {
            int made = 0;
            for (int form = 0; form < 6; form++)
            {
                bool isMemory = row.Encoding.HasModRm && row.Encoding.ModRmByte < 0;
                if (generator.Make(row, 64, form % 2 == 0 ? 32 : 16, isMemory, VectorMachine.CodeAddress) is not { } instruction)
                {
                    continue;
                }

                made++;
                expected.Load(instruction.Bytes);
                actual.Load(instruction.Bytes);
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
            }

            Assert.NotEqual(0, made);
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differ:\n{string.Join('\n', differences.Take(8))}");
        Assert.NotEqual(0, actual.Engine.Counters.Translations);
        bool isHandler = Handlers.Contains(mnemonic) || (mnemonic is "fprem" or "fprem1" && !HostFeatures.IsIntel);
        // What is not masked is the handlers': less than half of the starts.
        long calls = actual.Engine.Counters.HelperCalls;
        Assert.True(isHandler ? calls > Rounds : calls < 6 * Rounds * Rows().Count(r => r.Mnemonic == mnemonic) / 2, $"{calls} calls of handlers.");
    }

    [Fact]
    public void The_hosts_own_unit_is_clean_when_host_code_is_left()
    {
        using var machine = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1 }));
        machine.Load([0xd9, 0xe8]); // fld1
        machine.State->Fcw = 0x0c7f;
        machine.State->Fsw = 0x3800;
        machine.State->Ftw = 0;
        for (int i = 0; i < 20; i++)
        {
            machine.Step();
        }

        // The stack is full and has overflown; the host's own is empty.
        Assert.Equal(0xff, machine.State->Ftw);
        Assert.Equal(0x41, machine.State->Fsw & 0x7f);
        Assert.Equal(0x0c7f, machine.State->Fcw);
        byte* environment = stackalloc byte[28];
        HostEnvironment.Read(environment);
        Assert.Equal(0x37f, *(ushort*)environment);
        Assert.Equal(0xffff, *(ushort*)(environment + 8));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("x87", true)]
    public void A_hidden_unit_calls_the_handler(string? hidden, bool calls)
    {
        using var machine = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1, HostFeatures = HostFeatures.Find(hidden) }));
        machine.Load([0xd9, 0xe0]); // fchs
        machine.State->Fcw = 0x37f;
        for (int i = 0; i < 50; i++)
        {
            machine.Step();
        }

        Assert.Equal(calls, machine.Engine.Counters.HelperCalls >= 40);
    }

    private static InstructionRow[] Rows() => [.. InstructionTable.Rows.Where(r => r.Family == "x87")];

    private static void Randomize(VectorMachine machine, GeneratedInstruction instruction, Random random)
    {
        X86State* st = machine.State;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = (ulong)random.NextInt64();
        }

        if (instruction.Base.Register >= 0)
        {
            st->Gpr[instruction.Base.Register] = instruction.Base.Value;
        }

        if (instruction.Index.Register >= 0)
        {
            st->Gpr[instruction.Index.Register] = instruction.Index.Value;
        }

        int masks = random.Next(4) == 0 ? random.Next(64) : 0x3f;
        int precision = random.Next(3) switch { 0 => 0, 1 => 2, _ => 3 };
        st->Fcw = (ushort)(masks | 0x40 | (precision << 8) | (random.Next(4) << 10) | (random.Next(2) << 12));
        int top = random.Next(8);
        // Flags that are set already must be masked: nothing is pending.
        st->Fsw = (ushort)((random.Next(64) & masks) | (random.Next(2) << 6) | (random.Next(8) << 8) | (top << 11) | (random.Next(2) << 14));
        st->Ftw = (byte)(random.Next(5) == 0 ? random.Next(256) : 0xff >> random.Next(8) << top >> (random.Next(2) * 8));
        st->Fop = (ushort)random.Next(0x800);
        st->Fip = (ulong)random.NextInt64();
        st->Fdp = (ulong)random.NextInt64();
        st->Fcs = (ushort)random.Next();
        st->Fds = (ushort)random.Next();
        for (int i = 0; i < 8; i++)
        {
            (st->X87[2 * i], ushort signExponent) = X87Values.Extended(random);
            st->X87[(2 * i) + 1] = signExponent;
        }

        machine.Cpu.Rflags = ((ulong)random.Next() & LazyFlags.All) | 2;
        if (instruction.Target != 0)
        {
            PutOperand(machine, instruction, random);
        }
    }

    private static void PutOperand(VectorMachine machine, GeneratedInstruction instruction, Random random)
    {
        Span<byte> operand = stackalloc byte[10];
        random.NextBytes(operand);
        switch (instruction.Row.Operands[0].Size)
        {
            case 't':
                (ulong significand, ushort signExponent) = X87Values.Extended(random);
                BinaryPrimitives.WriteUInt64LittleEndian(operand, significand);
                BinaryPrimitives.WriteUInt16LittleEndian(operand[8..], signExponent);
                break;
            case 'w' when instruction.Row.Mnemonic == "fldcw" && random.Next(4) != 0:
                operand[0] |= 0x3f;
                break;
            case 'd' when random.Next(2) == 0:
                BinaryPrimitives.WriteUInt32LittleEndian(operand, X87Values.Single(random));
                break;
            case 'q' when random.Next(2) == 0:
                BinaryPrimitives.WriteUInt64LittleEndian(operand, X87Values.Double(random));
                break;
            default:
                break;
        }

        for (int i = 0; i < operand.Length; i++)
        {
            machine.Memory.Write(instruction.Target + (uint)i, 1, operand[i]);
        }
    }

    private static void Copy(VectorMachine from, VectorMachine to)
    {
        new Span<ulong>(from.State->Gpr, 16).CopyTo(new Span<ulong>(to.State->Gpr, 16));
        Unit(from).CopyTo(Unit(to));
        to.Cpu.Rflags = from.Cpu.Rflags;
        from.Ram[(int)VectorMachine.DataAddress..].CopyTo(to.Ram[(int)VectorMachine.DataAddress..]);
    }

    // All of the unit: from the registers to the operand pointer.
    private static Span<byte> Unit(VectorMachine machine)
        => new(machine.State->X87, (int)((byte*)(&machine.State->Fdp + 1) - (byte*)machine.State->X87));

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

            if (a->X87[i] != b->X87[i])
            {
                return $"R{i / 2}[{i % 2}] {b->X87[i]:x} instead of {a->X87[i]:x}";
            }
        }

        return a->Fcw != b->Fcw ? $"FCW {b->Fcw:x} instead of {a->Fcw:x}"
            : a->Fsw != b->Fsw ? $"FSW {b->Fsw:x} instead of {a->Fsw:x}"
            : a->Ftw != b->Ftw ? $"FTW {b->Ftw:x} instead of {a->Ftw:x}"
            : a->Fip != b->Fip || a->Fcs != b->Fcs || a->Fop != b->Fop ? $"instruction {b->Fcs:x}:{b->Fip:x} {b->Fop:x} instead of {a->Fcs:x}:{a->Fip:x} {a->Fop:x}"
            : a->Fdp != b->Fdp || a->Fds != b->Fds ? $"operand {b->Fds:x}:{b->Fdp:x} instead of {a->Fds:x}:{a->Fdp:x}"
            : expected.Cpu.Rflags != actual.Cpu.Rflags ? $"RFLAGS {actual.Cpu.Rflags:x} instead of {expected.Cpu.Rflags:x}"
            : a->Rip != b->Rip ? $"RIP {b->Rip:x} instead of {a->Rip:x}"
            : !expected.Ram.SequenceEqual(actual.Ram) ? $"memory at {expected.Ram.CommonPrefixLength(actual.Ram):x}"
            : string.Empty;
    }

    private static string Describe(VectorMachine machine)
    {
        X86State* st = machine.State;
        int top = st->Fsw >> 11 & 7;
        int next = (top + 1) & 7;
        return $"FCW {st->Fcw:x} FSW {st->Fsw:x} FTW {st->Ftw:x} ST0 {st->X87[(2 * top) + 1]:x4}:{st->X87[2 * top]:x16} ST1 {st->X87[(2 * next) + 1]:x4}:{st->X87[2 * next]:x16}";
    }
}
