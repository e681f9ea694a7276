using System;
using System.Collections.Generic;
using Sosia.Control;
using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Sosia.Engines.Kvm;

namespace Sosia.Kvm.Checks.Debugging;

/// <summary>Under single step the machine stops after each instruction: at the same addresses as the interpreter's.</summary>
internal sealed class SingleStepCheck : ICheck
{
    // From the first instruction of the loop to the end of the second round.
    private const int StepCount = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public string Name => "single steps stop after each instruction, where the interpreter is after it";

    public void Run()
    {
        Run(isUser: false);
        Run(isUser: true);
    }

    private static void Run(bool isUser)
    {
        using var reference = new LoopGuest(new InterpreterEngine(), isUser);
        using var loop = new LoopGuest(new KvmEngine(), isUser);
        VirtualMachine machine = loop.Guest.Machine;
        loop.RunToLoop();
        reference.RunToLoop();
        machine.SetDebug(0, new DebugControl { IsSingleStep = true });
        List<ulong> expected = [];
        List<ulong> actual = [];
        for (int i = 0; i < StepCount; i++)
        {
            reference.Guest.Machine.Step(1);
            expected.Add(reference.Guest.Machine.ReadRegister("rip"));
            RunResult step = machine.Run(Patience);
            Expect.True(
                step.Reason == StopReason.DebugEvent, $"step {i} stops ({step.Reason}; exceptions: {string.Join(", ", loop.Guest.Faults())}; before: {string.Join(" ", actual)})");
            actual.Add(machine.ReadRegister("rip"));
        }

        Expect.Equal(string.Join(" ", expected), string.Join(" ", actual), "the steps");
        Expect.Equal(0UL, machine.ReadRegister("rflags") & 0x100, "the guest's trap flag");
        machine.SetDebug(0, DebugControl.None);
        Expect.Equal(StopReason.DebugExit, machine.Run(Patience).Reason, "how it ended");
        Expect.Equal(1UL, loop.Guest.FaultCount, "exceptions that the guest saw, with the last INT 80h");
    }
}
