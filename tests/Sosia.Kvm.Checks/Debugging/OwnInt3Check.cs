using System;
using System.Collections.Generic;
using Sosia.Control;
using Sosia.Control.Properties;
using Sosia.Core.Execution;
using Sosia.Engines.Kvm;
using Sosia.Jit.X64;

namespace Sosia.Kvm.Checks.Debugging;

/// <summary>While the debugger has breakpoints by INT3, the guest's own INT3 is the guest's.</summary>
internal sealed class OwnInt3Check : ICheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly ulong[] Others = [0x1000, 0x1001, 0x1002, 0x1003];

    public string Name => "INT3 of the guest's own reaches the guest while a debugger has breakpoints";

    public void Run()
    {
        ulong behind = 0;
        using var guest = new BareGuest(new KvmEngine(), kernel: assembler =>
        {
            Label next = assembler.NewLabel();
            assembler.Lea(Gpr.R15, next);
            assembler.Int3();
            behind = (ulong)assembler.ExecuteAddress(assembler.Position);
            assembler.Bind(next);
            assembler.Emit([0x90]);
            BareGuest.End(assembler);
        });
        VirtualMachine machine = guest.Machine;
        while (machine.ReadRegister("rip") != BareGuest.KernelProgram)
        {
            machine.Step(1);
        }

        machine.SetDebug(0, new DebugControl { Breakpoints = [.. Others, behind] });
        Expect.Equal(StopReason.DebugEvent, machine.Run(Patience).Reason, "why it stopped");
        Expect.Equal(behind, machine.ReadRegister("rip"), "RIP");
        IReadOnlyList<CaughtFault> faults = guest.Faults();
        Expect.Equal(1, faults.Count, "exceptions");
        Expect.Equal(3, faults[0].Vector, "the vector");
        Expect.Equal(behind, faults[0].Rip, "the address behind INT3");
        machine.SetDebug(0, DebugControl.None);
        Expect.Equal(StopReason.DebugExit, machine.Run(Patience).Reason, "how it ended");
    }
}
