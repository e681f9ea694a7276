using System;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.Semantics.Alu;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Isa.X86.Tests.Semantics;

/// <summary>The meaning of an instruction, done at once and recorded then evaluated, gives the same registers and flags.</summary>
public sealed unsafe class OneMeaningTests : IDisposable
{
    private readonly GuestRam _ram = new(1 << 20);
    private readonly X86Cpu _cpu;

    public OneMeaningTests()
    {
        var log = new DiagnosticLog();
        _cpu = new X86Cpu(0, new MemoryBus(_ram, log), new PortBus(log), new MachineClock(ClockMode.Deterministic));
    }

    public void Dispose()
    {
        _cpu.Dispose();
        _ram.Dispose();
    }

    [Fact]
    public void Interpreting_and_recording_agree_on_every_meaning_and_width()
    {
        Compare<Add>();
        Compare<Or>();
        Compare<Adc>();
        Compare<Sbb>();
        Compare<And>();
        Compare<Sub>();
        Compare<Xor>();
        Compare<Cmp>();
        Compare<Test>();
        Compare<Mov>();
        Compare<Xchg>();
        Compare<Xadd>();
        Compare<Cmpxchg>();
        Compare<Inc>();
        Compare<Dec>();
        Compare<Neg>();
        Compare<Not>();
        Compare<Setcc<Overflow>>();
        Compare<Setcc<Below>>();
        Compare<Setcc<Zero>>();
        Compare<Setcc<BelowOrEqual>>();
        Compare<Setcc<Sign>>();
        Compare<Setcc<Parity>>();
        Compare<Setcc<Less>>();
        Compare<Setcc<LessOrEqual>>();
        Compare<Cmovcc<NotOverflow>>();
        Compare<Cmovcc<AboveOrEqual>>();
        Compare<Cmovcc<NotZero>>();
        Compare<Cmovcc<Above>>();
        Compare<Cmovcc<NotSign>>();
        Compare<Cmovcc<NotParity>>();
        Compare<Cmovcc<GreaterOrEqual>>();
        Compare<Cmovcc<Greater>>();
    }

    private void Compare<TInsn>()
        where TInsn : struct, IInstruction
    {
        CompareWidth<TInsn, Width8>();
        CompareWidth<TInsn, Width16>();
        CompareWidth<TInsn, Width32>();
        CompareWidth<TInsn, Width64>();
    }

    private void CompareWidth<TInsn, TWidth>()
        where TInsn : struct, IInstruction
        where TWidth : struct, IWidth
    {
        var code = new List<IrOperation>();
        var recording = new Recording(code, TWidth.Bits);
        TInsn.Execute<Recording, IrValue>(ref recording);
        var random = new Random(1);
        X86State* state = _cpu.State;
        var op = default(Op);
        for (int i = 0; i < 200; i++)
        {
            for (int r = 0; r < 16; r++)
            {
                // Small and extreme values now and then: equality, zero and carries across the width must occur.
                state->Gpr[r] = random.Next(4) switch { 0 => (ulong)random.Next(3), 1 => ulong.MaxValue - (ulong)random.Next(3), _ => (ulong)random.NextInt64() };
            }

            _cpu.Rflags = (ulong)random.Next() & LazyFlags.All;
            op.Destination = StateOffset.GprAt(random.Next(4));
            op.Source = StateOffset.GprAt(random.Next(4));
            X86State before = *state;
            Op* next = Handlers.Run<TInsn, TWidth, InRegister, InRegister>(state, &op);
            Assert.True(next == &op + 1);
            X86State interpreted = *state;
            *state = before;
            IrEvaluator.Run(code, state, &op, TWidth.Bits);
            string what = $"{typeof(TInsn).Name} {TWidth.Bits}";
            for (int r = 0; r < 16; r++)
            {
                Assert.True(interpreted.Gpr[r] == state->Gpr[r], $"{what}: register {r}");
            }

            Assert.True(LazyFlags.ToEflags(interpreted.FlagResult, interpreted.FlagCarries) == LazyFlags.ToEflags(state->FlagResult, state->FlagCarries), $"{what}: flags");
        }
    }
}
