using System;
using System.Collections.Generic;
using Sosia.Control;
using Sosia.Control.Properties;
using Sosia.Core.Execution;
using Sosia.Engines.Kvm;

namespace Sosia.Kvm.Checks.Debugging;

/// <summary>
/// A breakpoint for which the processor has no register stops the machine before its instruction, every time, and is nowhere to be seen while the machine stands.
/// QEMU's emulation of SVM knows no interception of INT3: there the guest must see the exception where the breakpoint is.
/// </summary>
internal sealed class BreakpointsCheck : ICheck
{
    private const int BreakpointVector = 3;
    private const int ProtectionVector = 13;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Never executed; they take the registers, at which QEMU does not look in a guest's guest.
    private static readonly ulong[] Others = [0x1000, 0x1001, 0x1002, 0x1003];

    public string Name => "breakpoints beyond the processor's registers are INT3s in ring 0 and in ring 3, in memory only while the guest runs";

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
        byte[] before = Code(loop);
        machine.SetDebug(0, new DebugControl { Breakpoints = [.. Others, loop.Writing, loop.Comparing] });
        RunResult first = machine.Run(Patience);
        Expect.Equal(Convert.ToHexString(before), Convert.ToHexString(Code(loop)), "the code while the machine stands");
        if (first.Reason == StopReason.DebugExit)
        {
            IReadOnlyList<CaughtFault> faults = loop.Guest.Faults();
            // The guest's gate is for ring 0 only. For ring 3 QEMU gives the address behind the instruction, processors its own.
            Expect.Equal(isUser ? ProtectionVector : BreakpointVector, faults[0].Vector, "the first exception");
            ulong rip = faults[0].Rip;
            Expect.True(rip == loop.Writing + 1 || (isUser && rip == loop.Writing), $"the first exception is at 0x{rip:x}");
            Program.Note("this host's KVM does not intercept INT3");
            return;
        }

        for (ulong round = 1; round <= LoopGuest.Rounds; round++)
        {
            Expect.Equal(StopReason.DebugEvent, round == 1 ? first.Reason : machine.Run(Patience).Reason, "why it stopped");
            StandsAt(machine, loop.Writing, round);
            Expect.Equal(StopReason.DebugEvent, machine.Run(Patience).Reason, "why it stopped");
            StandsAt(machine, loop.Comparing, round);
        }

        machine.SetDebug(0, DebugControl.None);
        Expect.Equal(StopReason.DebugExit, machine.Run(Patience).Reason, "how it ended");
        Expect.Equal(1UL, loop.Guest.FaultCount, "exceptions that the guest saw, with the last INT 80h");
    }

    private static byte[] Code(LoopGuest loop)
    {
        byte[] code = new byte[loop.Comparing - loop.Counting];
        loop.Guest.Machine.ReadPhysical(loop.Counting, code);
        return code;
    }

    private static void StandsAt(VirtualMachine machine, ulong linear, ulong count)
    {
        Expect.Equal(linear, machine.ReadRegister("rip"), "RIP");
        Expect.Equal(count, machine.ReadRegister("rax"), "RAX");
        // Who goes on executes the instruction first.
        machine.Step(1);
    }
}
