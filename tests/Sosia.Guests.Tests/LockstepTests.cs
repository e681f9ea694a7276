using System.Globalization;
using System.Text;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>Two engines run the same boot side by side and must agree all the way.</summary>
[Trait("Category", "Boot")]
public sealed class LockstepTests
{
    [Fact]
    public void The_recompiler_boots_the_embedded_guest_as_the_interpreter_does()
    {
        // A prime number of instructions: comparisons fall on every position within blocks.
        const long Stride = 4999;
        using VirtualMachine interpreted = Start("interpreter");
        using VirtualMachine recompiled = Start("recompiler");
        long count = 0;
        while (interpreted.End is null)
        {
            interpreted.Step(Stride);
            recompiled.Step(Stride);
            count += Stride;
            string expected = Registers(interpreted);
            string actual = Registers(recompiled);
            Assert.True(expected == actual, $"The engines differ between instruction {count - Stride} and {count}.\ninterpreter: {expected}\nrecompiler:  {actual}");
        }

        Assert.Equal(interpreted.End, recompiled.End);
        Assert.Equal(interpreted.Console.Transcript, recompiled.Console.Transcript);
        Assert.Contains("Power down", recompiled.Console.Transcript);
    }

    private static VirtualMachine Start(string engine)
        => VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Deterministic, "sosia.run=\"bench --iterations 1\" sosia.quit") with { Engine = engine });

    private static unsafe string Registers(VirtualMachine vm)
    {
        var cpu = (X86Cpu)vm.Machine.Cpus[0];
        X86State* state = cpu.State;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"rip={state->Rip:x} rflags={cpu.Rflags:x} cr0={state->Cr0:x} cr2={state->Cr2:x} cr3={state->Cr3:x} cr4={state->Cr4:x} cs={state->Cs.Selector:x} retired={cpu.RetiredInstructions} mxcsr={state->Mxcsr:x} fsw={state->Fsw:x}");
        Append(text, "gpr", state->Gpr, 16);
        Append(text, "x87", state->X87, 16);
        Append(text, "vector", state->Vector, 64);
        return text.ToString();
    }

    private static unsafe void Append(StringBuilder text, string name, ulong* words, int count)
    {
        for (int i = 0; i < count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $" {name}{i}={words[i]:x}");
        }
    }
}
