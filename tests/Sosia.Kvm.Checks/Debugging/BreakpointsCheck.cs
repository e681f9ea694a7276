using System;
using Sosia.Control;
using Sosia.Core.Execution;
using Sosia.Engines.Kvm;

namespace Sosia.Kvm.Checks.Debugging;

/// <summary>
/// More breakpoints than the processor has registers for stop the machine before their instructions, every time, and the guest notices nothing. (The registers
/// themselves say nothing in the bed: QEMU does not look at them in nested guests.)
/// </summary>
internal sealed class BreakpointsCheck : ICheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Never executed; they take the registers.
    private static readonly ulong[] Others = [0x1000, 0x1001, 0x1002, 0x1003];

    public string Name => "breakpoints stop before their instructions in ring 0 and in ring 3, every time";

    public void Run()
    {
        Run(isUser: false);
        Run(isUser: true);
    }

    private static void Run(bool isUser)
    {
        using var loop = new LoopGuest(new KvmEngine(), isUser);
        VirtualMachine machine = loop.Guest.Machine;
        loop.RunToLoop();
        byte[] code = new byte[1];
        machine.SetDebug(0, new DebugControl { Breakpoints = [.. Others, loop.Writing, loop.Comparing] });
        for (ulong round = 1; round <= LoopGuest.Rounds; round++)
        {
            RunTo(machine, loop.Writing, round);
            machine.ReadLinear(loop.Writing, code);
            Expect.True(code[0] != 0xcc, "memory holds the guest's code while the machine stands still");
            RunTo(machine, loop.Comparing, round);
        }

        machine.SetDebug(0, DebugControl.None);
        Expect.Equal(StopReason.DebugExit, machine.Run(Patience).Reason, "how it ended");
        Expect.Equal(1UL, loop.Guest.FaultCount, "exceptions that the guest saw, with the last INT 80h");
    }

    private static void RunTo(VirtualMachine machine, ulong linear, ulong count)
    {
        Expect.Equal(StopReason.DebugEvent, machine.Run(Patience).Reason, "why it stopped");
        Expect.Equal(linear, machine.ReadRegister("rip"), "RIP");
        Expect.Equal(count, machine.ReadRegister("rax"), "RAX");
        // Who goes on executes the instruction first.
        machine.Step(1);
    }
}
