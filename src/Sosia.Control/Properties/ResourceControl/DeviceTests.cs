using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>Kernels that let a device do what their processor cannot: the entropy device of the microvm writes where its descriptors point.</summary>
internal static class DeviceTests
{
    private const uint Device = 0xfeb0_0000;
    private const uint Descriptors = BareGuest.UserData;
    private const uint Available = BareGuest.UserData + 0x1000;
    private const uint Used = BareGuest.UserData + 0x2000;
    private const ulong Writable = 2UL << 32;
    private const ulong Next = 1UL << 32;
    private const string Source = "virtio-rng0";

    private static readonly Request[] Requests =
    [
        new("a buffer beyond RAM", 0x4000_0000, 64 | Writable),
        new("a buffer across the end of RAM", BareGuest.MemoryByteCount - 16, 64 | Writable),
        new("a buffer at the end of the address space", 0xffff_ffff_ffff_fff0, 64 | Writable),
        new("a buffer of 4 GiB", BareGuest.Buffer, 0xffff_ffff | Writable),
        new("a buffer in the device's own registers", Device, 64 | Writable),
        new("a buffer in the local APIC", 0xfee0_0000, 64 | Writable),
        new("a chain that leads back to its begin", BareGuest.Buffer, 64 | Writable | Next),
        new("a chain to a descriptor that does not exist", BareGuest.Buffer, 64 | Writable | Next | (0x7fffUL << 48)),
        new("a table of descriptors beyond RAM", BareGuest.Buffer, 64 | Writable) { Table = 0x5000_0000 },
        new("a ring of answers beyond RAM", BareGuest.Buffer, 64 | Writable) { Answers = 0x5000_0000 },
        new("misaligned rings", BareGuest.Buffer, 64 | Writable) { Answers = Used + 1 },
    ];

    /// <summary>The tests.</summary>
    public static IEnumerable<IsolationTest> All() =>
    [
        new IsolationTest
        {
            Name = "Direct memory access outside RAM",
            Target = IsolationTarget.Devices,
            Attempt = $"A kernel gives a virtio device {string.Join(", ", Requests.Select(static r => r.Name))}.",
            Judged = "The device refuses each and says so in the machine's log, or answers within RAM only; the kernel goes on to its end, and the fences are whole.",
            Body = OutsideRam,
        },
        new IsolationTest
        {
            Name = "A guest that switches itself off and on",
            Target = IsolationTarget.Devices,
            Attempt = "A kernel resets the machine through the keyboard controller as soon as it runs, for ever.",
            Judged = "The machine restarts again and again, and the VMM can stop it within a second.",
            Body = Restarts,
        },
    ];

    private static (bool Passed, string Evidence) OutsideRam(Func<IEngine> engine)
    {
        List<string> wrong = [];
        long refused = 0;
        foreach (Request request in Requests)
        {
            using var guest = new BareGuest(engine(), kernel: assembler => EmitRequest(assembler, request), machine: "microvm", prepare: image =>
            {
                BareGuest.Poke(image, Descriptors, request.Address);
                BareGuest.Poke(image, Descriptors + 8, request.Rest);
                // One request is available: flags 0, index 1, descriptor 0.
                BareGuest.Poke(image, Available, 1 << 16);
            });
            RunResult end = guest.Machine.Run(Isolation.Patience);
            bool isRefused = guest.Machine.Machine.Log.Counts.GetValueOrDefault(Source) != 0;
            refused += isRefused ? 1 : 0;
            (bool isWhole, string evidence) = Isolation.Judge(guest, end.Reason == StopReason.DebugExit, $"{request.Name}: the machine stopped with {end.Reason}");
            if (!isWhole)
            {
                wrong.Add(evidence);
            }
            else if (!isRefused && (guest.Read(Used) >> 16) == 0)
            {
                wrong.Add($"{request.Name}: neither refused nor answered");
            }
        }

        return (wrong.Count == 0, wrong.Count == 0 ? $"{refused} of {Requests.Length} refused and logged, the others answered within RAM" : string.Join("; ", wrong));
    }

    // virtio 1.1, 3.1.1 and 4.2.2: status, features, the queue, then a notification.
    private static void EmitRequest(Assembler assembler, Request request)
    {
        assembler.MovImmediate(Gpr.Rbx, Device);
        foreach ((int register, uint value) in (ReadOnlySpan<(int, uint)>)
        [
            (0x70, 0), (0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x24, 0), (0x20, 0), (0x70, 0xb),
            (0x30, 0), (0x38, 8), (0x80, request.Table), (0x84, 0), (0x90, Available), (0x94, 0), (0xa0, request.Answers), (0xa4, 0), (0x44, 1), (0x70, 0xf),
            (0x50, 0),
        ])
        {
            assembler.Mov(32, new Mem(Gpr.Rbx, register), unchecked((int)value));
        }

        BareGuest.End(assembler);
    }

    private static (bool Passed, string Evidence) Restarts(Func<IEngine> engine)
    {
        using var guest = new BareGuest(
            engine(),
            kernel: static assembler =>
            {
                assembler.Emit([0xb0, 0xfe, 0xe6, 0x64]); // mov al, FEh; out 64h, al
                TimeTests.Spin(assembler);
            },
            mayRestart: true);
        // However slow the host is: first it restarts twice, then it is stopped.
        _ = guest.Machine.RunUntil(() => guest.Machine.ResetCount > 1, Isolation.Patience);
        (bool passed, string evidence) = TimeTests.TakeBack(guest);
        int count = guest.Machine.ResetCount;
        return Isolation.Judge(guest, passed && count > 1, $"{evidence} after {count} restarts");
    }

    // The descriptor: address; length, flags from bit 32, next from bit 48.
    private sealed record Request(string Name, ulong Address, ulong Rest)
    {
        public uint Table { get; init; } = Descriptors;

        public uint Answers { get; init; } = Used;
    }
}
