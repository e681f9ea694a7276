using System;
using Sosia.Control;
using Sosia.Core.Execution;
using Sosia.Engines.Kvm;

namespace Sosia.Kvm.Checks.Debugging;

/// <summary>A breakpoint of the debugger's stops the machine before its instruction, every time, and the guest notices nothing.</summary>
internal sealed class BreakpointsCheck : ICheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

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
        machine.SetDebug(0, new DebugControl { Breakpoints = [loop.Counting, loop.Comparing] });
        for (ulong round = 0; round < LoopGuest.Rounds; round++)
        {
            RunTo(machine, loop.Counting, round);
            RunTo(machine, loop.Comparing, round + 1);
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
