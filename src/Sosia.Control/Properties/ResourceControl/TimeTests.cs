using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>Guests that never give the processor back by themselves.</summary>
internal static class TimeTests
{
    private static readonly TimeSpan Start = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(20);

    // A host with other work can be late for once.
    private const int Tries = 3;

    /// <summary>The tests.</summary>
    public static IEnumerable<IsolationTest> All() =>
    [
        Endless("Endless loop, interrupts off", "A kernel executes CLI and jumps to itself.", static assembler =>
        {
            assembler.Emit([0xfa]);
            Spin(assembler);
        }),
        Endless("Endless loop in ring 3", "A program jumps to itself.", kernel: null, user: Spin),
        Endless(
            "One instruction without an end",
            "A kernel maps 512 GiB of addresses to the same 2 MiB and fills them with one REP STOSB.",
            static assembler =>
            {
                assembler.MovImmediate(Gpr.Rdi, 1L << 39);
                assembler.MovImmediate(Gpr.Rcx, 1L << 39);
                assembler.RepStos(8);
                Spin(assembler);
            },
            prepare: static image =>
            {
                // The second entry of the uppermost table; every entry below leads to one table, and every entry there to the 2 MiB.
                BareGuest.Poke(image, BareGuest.Pml4 + 8, BareGuest.Spare | 3);
                for (uint i = 0; i < 512; i++)
                {
                    BareGuest.Poke(image, BareGuest.Spare + (8 * i), (BareGuest.Spare + 0x1000) | 3);
                    BareGuest.Poke(image, BareGuest.Spare + 0x1000 + (8 * i), BareGuest.Buffer | 0x83);
                }
            }),
        Endless(
            "Exceptions without an end",
            "The handler of the invalid-opcode exception begins with an invalid opcode: no instruction ever retires.",
            static assembler => assembler.Ud2(),
            prepare: static image => BareGuest.SetGate(image, 6, BareGuest.KernelProgram)),
        Endless("Halted for ever", "A kernel executes CLI and HLT: only something outside could wake it.", static assembler =>
        {
            assembler.Emit([0xfa, 0xf4]);
            Spin(assembler);
        }),
        new IsolationTest
        {
            Name = "Storm of interrupts",
            Target = IsolationTarget.Time,
            Attempt = "A kernel sets the local APIC's timer to its shortest period and does nothing but take interrupts.",
            Judged = "Interrupts arrive, and the VMM can stop the guest within a second.",
            Body = Storm,
        },
        new IsolationTest
        {
            Name = "Triple fault",
            Target = IsolationTarget.Time,
            Attempt = "A kernel loads an empty interrupt table and executes an invalid opcode.",
            Judged = "The machine ends with a triple fault; the VMM goes on.",
            Body = TripleFault,
        },
    ];

    /// <summary>Emits a jump to itself.</summary>
    public static void Spin(Assembler assembler) => assembler.Emit([0xeb, 0xfe]);

    /// <summary>Lets a guest run on a thread of its own, and measures how long it takes to stop it.</summary>
    public static (bool Passed, string Evidence) TakeBack(BareGuest guest)
    {
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < Tries && best > Limit; i++)
        {
            RunResult? result = null;
            var thread = new Thread(() => result = guest.Machine.Run()) { IsBackground = true, Name = "hostile guest" };
            thread.Start();
            thread.Join(Start);
            if (result is { } ended)
            {
                return (false, $"the guest stopped by itself: {ended.Reason}");
            }

            long start = Stopwatch.GetTimestamp();
            guest.Machine.Pause();
            if (!thread.Join(GiveUp))
            {
                throw new SosiaException($"the guest could not be stopped within {GiveUp.TotalSeconds:0} s", FailureKind.Host);
            }

            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            best = elapsed < best ? elapsed : best;
            if (result is not { Reason: StopReason.Paused })
            {
                return (false, $"the guest stopped by itself: {result?.Reason}");
            }
        }

        return (best <= Limit, string.Create(CultureInfo.InvariantCulture, $"stopped {best.TotalMilliseconds:0.0} ms after it was asked for"));
    }

    private static IsolationTest Endless(string name, string attempt, Action<Assembler>? kernel, Action<Assembler>? user = null, Action<byte[]>? prepare = null) => new()
    {
        Name = name,
        Target = IsolationTarget.Time,
        Attempt = attempt,
        Judged = "Asked from another thread, the VMM has the processor back within a second.",
        Body = engine =>
        {
            using var guest = new BareGuest(engine(), kernel, user, prepare: prepare);
            (bool passed, string evidence) = TakeBack(guest);
            return Isolation.Judge(guest, passed, evidence);
        },
    };

    private static (bool Passed, string Evidence) Storm(Func<IEngine> engine)
    {
        using var guest = new BareGuest(engine(), kernel: static assembler =>
        {
            assembler.MovImmediate(Gpr.Rbx, 0xfee0_0000);
            // Spurious vector and enable; timer periodic with our vector; divide by 1; the shortest count.
            foreach ((int register, int value) in (ReadOnlySpan<(int, int)>)[(0xf0, 0x1ff), (0x320, 0x2_0000 | BareGuest.TickVector), (0x3e0, 0xb), (0x380, 1)])
            {
                assembler.Mov(32, new Mem(Gpr.Rbx, register), value);
            }

            assembler.Emit([0xfb]); // sti
            Spin(assembler);
        });
        (bool passed, string evidence) = TakeBack(guest);
        return Isolation.Judge(guest, passed && guest.TickCount != 0, $"{evidence}, with {guest.TickCount} interrupts taken");
    }

    private static (bool Passed, string Evidence) TripleFault(Func<IEngine> engine)
    {
        using var guest = new BareGuest(engine(), kernel: static assembler =>
        {
            assembler.Emit([0x0f, 0x01, 0x1c, 0x25, 0x00, 0x00, 0x15, 0x00]); // lidt [UserData], which is zero
            assembler.Ud2();
        });
        RunResult end = guest.Machine.Run(Isolation.Patience);
        return Isolation.Judge(guest, end.Reason == StopReason.TripleFault, $"the machine ended with {end.Reason}");
    }
}
