using System;
using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests;

/// <summary>What the guest sees when a block is left in the middle.</summary>
public sealed unsafe class SideExitTests
{
    [Fact]
    public void Flags_that_a_rotation_keeps_are_whole_when_a_later_access_faults()
    {
        // rcl qword [rsi], 1; mov rcx, [rbx], which is not canonical; xor edx, edx. Without handlers the processor shuts down there.
        byte[] code = [0x48, 0xd1, 0x16, 0x48, 0x8b, 0x0b, 0x31, 0xd2];
        using var expected = new VectorMachine(new InterpreterEngine());
        using var actual = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1 }));
        foreach (VectorMachine machine in new[] { expected, actual })
        {
            machine.Load(code);
            X86State* st = machine.State;
            st->Gpr[3] = 1UL << 63;
            st->Gpr[6] = VectorMachine.DataAddress;
            // SF and OF; PF is clear although the low byte says otherwise.
            st->FlagResult = 0xffff_ffff_ffff_ff00;
            st->FlagCarries = 0x4000_0000_0000_0001;
            st->Rip = VectorMachine.CodeAddress;
            machine.Engine.Run(machine.Cpu, new RunLimits(4));
        }

        Assert.NotEqual(0, actual.Engine.Counters.HelperCalls);
        Assert.Equal(VectorMachine.CodeAddress + 3, actual.State->Rip);
        Assert.Equal(expected.Cpu.Rflags, actual.Cpu.Rflags);
        Assert.True(expected.Ram.SequenceEqual(actual.Ram));
    }
}
