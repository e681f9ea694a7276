using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core.Execution;
using Sosia.Core.Snapshots;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86.Disassembly;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests;
using Sosia.Isa.X86.Tests.Fuzz;
using Sosia.Isa.X86.Tests.X87;

namespace Sosia.Engines.Recompiler.Tests.Fuzz;

/// <summary>Two equal random machines, one under the interpreter, one under the recompiler, which translates everything at once.</summary>
internal sealed unsafe class FuzzPair : IDisposable
{
    private const uint FirstOddSegment = 8;
    private const uint OddSegmentCount = 4;

    private readonly FuzzMachine _expected = new(0, new InterpreterEngine());
    private readonly RecompilerEngine _recompiler = new(new RecompilerOptions { WarmExecutions = 1, CacheByteCount = 4 << 20 });
    private readonly FuzzMachine _actual;

    public FuzzPair() => _actual = new FuzzMachine(0, _recompiler);

    /// <summary>What the recompiler has done.</summary>
    public EngineCounters Counters => _recompiler.Counters;

    /// <summary>Instructions since the last preparation.</summary>
    public long Retired => _expected.Retired;

    /// <summary>True while neither wrote beside guest memory.</summary>
    public bool AreFencesWhole => _expected.AreFencesWhole && _actual.AreFencesWhole;

    /// <summary>Prepares both for another start.</summary>
    /// <param name="mode">The mode.</param>
    /// <param name="ring">The privilege level.</param>
    /// <param name="seed">Determines registers and memory.</param>
    /// <param name="code">The code, which has handlers of faults; null for random bytes.</param>
    /// <param name="isX87">Whether the x87 unit is to begin with numbers, and mostly with all exceptions masked.</param>
    public void Prepare(CpuMode mode, int ring, int seed, byte[]? code, bool isX87 = false)
    {
        foreach (FuzzMachine machine in (ReadOnlySpan<FuzzMachine>)[_expected, _actual])
        {
            machine.Prepare(mode, ring, code, seed);
            if (code is not null)
            {
                InstallHandlers(machine, mode);
                SetSegments(machine, ring, new Random(seed));
                // Host code does not run while a vector exception is unmasked: now and then only.
                machine.Cpu.State->Mxcsr = seed % 8 == 0 ? machine.Cpu.State->Mxcsr : 0x1f80;
            }

            if (isX87)
            {
                PrepareX87(machine, new Random(seed));
            }
        }
    }

    private static void PrepareX87(FuzzMachine machine, Random random)
    {
        X86State* st = machine.Cpu.State;
        st->Fcw = (ushort)((random.Next(8) == 0 ? random.Next(64) : 0x3f) | 0x40 | (random.Next(4) << 8) | (random.Next(4) << 10));
        st->Fsw = (ushort)(random.Next(8) << 11);
        for (int i = 0; i < 8; i++)
        {
            (st->X87[2 * i], ushort signExponent) = X87Values.Extended(random);
            st->X87[(2 * i) + 1] = signExponent;
        }

        for (uint at = 0; at < 0x1000; at += 8)
        {
            ulong value = random.Next(3) == 0 ? X87Values.Double(random) : X87Values.Single(random) | ((ulong)X87Values.Single(random) << 32);
            machine.Cpu.Memory.Write(SequenceGenerator.Scratch + at, 8, value);
        }
    }

    /// <summary>Runs both.</summary>
    /// <returns>False when a processor has stopped for good.</returns>
    public bool Advance(long budget) => _expected.Advance(budget) & _actual.Advance(budget);

    public bool IsEqual() => _expected.SaveCpu().AsSpan().SequenceEqual(_actual.SaveCpu()) && _expected.Memory.SequenceEqual(_actual.Memory);

    /// <summary>What differs, the interpreter's value first.</summary>
    public IEnumerable<string> Differences()
    {
        var expected = new SnapshotReader("cpu", 0, _expected.SaveCpu());
        var actual = new SnapshotReader("cpu", 0, _actual.SaveCpu());
        List<string> differences = [];
        foreach (string name in expected.Names)
        {
            byte[] a = expected.ReadBytes(name);
            byte[] b = actual.ReadBytes(name);
            for (int i = 0; i < a.Length; i += 8)
            {
                ulong x = BitConverter.ToUInt64(a, i);
                ulong y = BitConverter.ToUInt64(b, i);
                if (x != y)
                {
                    differences.Add($"{name}[{i / 8}]: {x:x16} {y:x16}");
                }
            }
        }

        for (int at = 0; at < _expected.Memory.Length && differences.Count < 40;)
        {
            int common = _expected.Memory[at..].CommonPrefixLength(_actual.Memory[at..]);
            at += common;
            if (at < _expected.Memory.Length)
            {
                differences.Add($"memory {at:x}: {_expected.Memory[at]:x2} {_actual.Memory[at]:x2}");
                at++;
            }
        }

        return differences;
    }

    /// <summary>The instruction that comes next, where linear and physical addresses are the same.</summary>
    public string NextInstruction()
    {
        ulong rip = _expected.Cpu.State->Rip;
        ulong linear = _expected.Cpu.State->CodeBits == 64 ? rip : rip + _expected.Cpu.State->Cs.Base;
        Span<byte> bytes = stackalloc byte[15];
        return _expected.Cpu.TryTranslateDebug(linear, out ulong guestPhysical) && _expected.Cpu.Memory.ReadBytes(guestPhysical, bytes)
            ? $"{rip:x} {Convert.ToHexString(bytes)} {Disassembler.Disassemble(bytes, _expected.Cpu.State->CodeBits, rip, out _)}"
            : $"{rip:x} (no memory)";
    }

    public void Dispose()
    {
        _expected.Dispose();
        _actual.Dispose();
    }

    // The gates lead to the code's own handlers; in long mode they have a stack that is there whatever RSP is.
    private static void InstallHandlers(FuzzMachine machine, CpuMode mode)
    {
        bool isLong = mode is CpuMode.Long or CpuMode.Compatibility;
        ulong idt = machine.Cpu.State->IdtrBase;
        ulong task = machine.Cpu.State->Tr.Base;
        for (uint vector = 0; vector < 256; vector++)
        {
            uint handler = (uint)FuzzMachine.Code + SequenceGenerator.Handlers + (vector % SequenceGenerator.HandlerCount * SequenceGenerator.HandlerByteCount);
            machine.Cpu.Memory.Write(idt + (vector * (isLong ? 16u : 8)), 8, TestMachine.Gate(8, handler, 0xee, isLong ? 1 : 0));
        }

        if (isLong)
        {
            machine.Cpu.Memory.Write(task + 0x24, 8, 0x1_7000);
        }

        machine.Cpu.State->IdtrLimit = 0xfff;
        machine.Cpu.Memory.Write(machine.Cpu.State->GdtrBase + SequenceGenerator.CompatibilityCode, 8, TestMachine.Segment(0, 0xf_ffff, 0x9b, 0xc));
        machine.Cpu.Memory.Write(machine.Cpu.State->GdtrBase + SequenceGenerator.CompatibilityCode + 8, 8, TestMachine.Segment(0, 0xf_ffff, 0xfb, 0xc));
    }

    // In a third of the starts some data segments are not flat: moved, shorter, read-only, expanding downwards, or null.
    private static void SetSegments(FuzzMachine machine, int ring, Random random)
    {
        X86State* state = machine.Cpu.State;
        for (uint i = FirstOddSegment; i < FirstOddSegment + OddSegmentCount; i++)
        {
            machine.Cpu.Memory.Write(state->GdtrBase + (i * 8), 8, AnySegment(random, ring));
        }

        if (random.Next(3) == 0)
        {
            foreach (int number in (ReadOnlySpan<int>)[0, 3, 4, 5, 2])
            {
                uint index = (uint)random.Next((int)OddSegmentCount + 1);
                bool isNull = index == OddSegmentCount;
                if (number != 2 || random.Next(4) == 0)
                {
                    machine.Cpu.LoadSegment(number, (ushort)(isNull ? 0 : ((FirstOddSegment + index) << 3) | (uint)ring));
                    // A stack that cannot be has been refused.
                    state->Exit = BlockExit.None;
                }
            }
        }
    }

    private static ulong AnySegment(Random random, int ring)
    {
        uint segmentBase = random.Next(2) == 0 ? 0u : random.Next(2) == 0 ? (uint)random.Next(0x2000) : (uint)-random.Next(0x2000);
        (uint limit, int flags) = random.Next(4) switch { 0 => (0x10_1fffu >> 12, 0xc), 1 => (0xf_ffffu, 0x4), 2 => (0x101u, 0xc), _ => (0xf_ffffu, 0xc) };
        int type = random.Next(4) switch { 0 => 0x91, 1 => 0x97, _ => 0x93 };
        return TestMachine.Segment(segmentBase, limit, type | (ring << 5), flags);
    }
}
