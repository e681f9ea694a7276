using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>Programs in ring 3 that want what only the guest's kernel may have. Each instruction that gets through leaves a mark.</summary>
internal static class PrivilegeTests
{
    private const int GeneralProtection = 13;
    private const int PageFault = 14;
    private const ulong InterruptFlag = 1 << 9;
    private const ulong PrivilegeFlags = 3 << 12;

    // [abs32] operands name BareGuest.UserData (150000h), BareGuest.Secret (10e000h), BareGuest.ReadOnlyPage (180000h) and BareGuest.NoExecutePage (181000h).
    private static readonly (string Name, byte[] Code)[] Privileged =
    [
        ("CLI", [0xfa]),
        ("STI", [0xfb]),
        ("HLT", [0xf4]),
        ("CLTS", [0x0f, 0x06]),
        ("INVD", [0x0f, 0x08]),
        ("WBINVD", [0x0f, 0x09]),
        ("LGDT", [0x0f, 0x01, 0x14, 0x25, 0x00, 0x00, 0x15, 0x00]),
        ("LIDT", [0x0f, 0x01, 0x1c, 0x25, 0x00, 0x00, 0x15, 0x00]),
        ("LLDT", [0x0f, 0x00, 0xd0]),
        ("LTR", [0x0f, 0x00, 0xd8]),
        ("LMSW", [0x0f, 0x01, 0xf0]),
        ("INVLPG", [0x0f, 0x01, 0x3c, 0x25, 0x00, 0x00, 0x15, 0x00]),
        ("MOV from CR0", [0x0f, 0x20, 0xc0]),
        ("MOV to CR0", [0x0f, 0x22, 0xc0]),
        ("MOV from CR3", [0x0f, 0x20, 0xd8]),
        ("MOV to CR3", [0x0f, 0x22, 0xd8]),
        ("MOV from CR4", [0x0f, 0x20, 0xe0]),
        ("MOV to CR4", [0x0f, 0x22, 0xe0]),
        ("MOV from DR7", [0x0f, 0x21, 0xf8]),
        ("MOV to DR7", [0x0f, 0x23, 0xf8]),
        ("RDMSR", [0x0f, 0x32]),
        ("WRMSR", [0x0f, 0x30]),
        ("SWAPGS", [0x0f, 0x01, 0xf8]),
        ("SYSENTER", [0x0f, 0x34]),
    ];

    private static readonly (string Name, byte[] Code)[] Ports =
    [
        ("IN imm8", [0xe4, 0x60]),
        ("OUT imm8", [0xe6, BareGuest.ExitPort]),
        ("IN DX", [0xed]),
        ("OUT DX", [0xef]),
        ("INSB", [0x6c]),
        ("OUTSB", [0x6e]),
        ("REP OUTSB", [0xf3, 0x6e]),
        ("REP INSD", [0xf3, 0x6d]),
    ];

    // push 10h; push 170000h; push 2; push 8; push 120000h, and so on: frames that name ring 0.
    private static readonly (string Name, byte[] Code)[] Forgeries =
    [
        ("IRET to ring 0", [0x6a, 0x10, 0x68, 0x00, 0x00, 0x17, 0x00, 0x6a, 0x02, 0x6a, 0x08, 0x68, 0x00, 0x00, 0x12, 0x00, 0x48, 0xcf]),
        ("far RET to ring 0", [0x6a, 0x08, 0x68, 0x00, 0x00, 0x12, 0x00, 0x48, 0xcb]),
        ("far JMP to ring 0", [0xc7, 0x04, 0x25, 0x00, 0x01, 0x15, 0x00, 0x00, 0x00, 0x12, 0x00, 0x66, 0xc7, 0x04, 0x25, 0x04, 0x01, 0x15, 0x00, 0x08, 0x00, 0xff, 0x2c, 0x25, 0x00, 0x01, 0x15, 0x00]),
        ("MOV SS, kernel data", [0xb8, 0x10, 0x00, 0x00, 0x00, 0x8e, 0xd0]),
        ("MOV DS, kernel data", [0xb8, 0x10, 0x00, 0x00, 0x00, 0x8e, 0xd8]),
        ("INT of a kernel gate", [0xcd, 0x20]),
    ];

    private static readonly (string Name, byte[] Code)[] Accesses =
    [
        ("read of a kernel page", [0x48, 0x8b, 0x04, 0x25, 0x00, 0xe0, 0x10, 0x00]),
        ("write to a kernel page", [0x48, 0x89, 0x04, 0x25, 0x00, 0xe0, 0x10, 0x00]),
        ("locked ADD to a kernel page", [0xf0, 0x48, 0x01, 0x04, 0x25, 0x00, 0xe0, 0x10, 0x00]),
        ("16-byte store to a kernel page", [0x0f, 0x11, 0x04, 0x25, 0x00, 0xe0, 0x10, 0x00]),
        ("REP STOSB into a kernel page", [0xbf, 0x00, 0xe0, 0x10, 0x00, 0xb9, 0x10, 0x00, 0x00, 0x00, 0xf3, 0xaa]),
        ("jump into a kernel page", [0xb8, 0x00, 0x00, 0x12, 0x00, 0xff, 0xe0]),
        ("store into its page tables", [0x48, 0xc7, 0x04, 0x25, 0x00, 0x70, 0x10, 0x00, 0xff, 0xff, 0xff, 0x7f]),
        ("write to a read-only page", [0x48, 0x89, 0x04, 0x25, 0x00, 0x00, 0x18, 0x00]),
        ("jump into a no-execute page", [0xb8, 0x00, 0x10, 0x18, 0x00, 0xff, 0xe0]),
        ("read of an unmapped address", [0x48, 0x8b, 0x04, 0x25, 0x00, 0x00, 0x00, 0x70]),
    ];

    /// <summary>The tests.</summary>
    public static IEnumerable<IsolationTest> All() =>
    [
        new IsolationTest
        {
            Name = "Privileged instructions in ring 3",
            Target = IsolationTarget.Privilege,
            Attempt = $"A program executes {string.Join(", ", Privileged.Select(static p => p.Name))}.",
            Judged = "Each raises #GP in the guest's kernel, none has an effect, and the control registers and tables are what they were.",
            Body = engine => RunAttempts(engine, Privileged, GeneralProtection),
        },
        new IsolationTest
        {
            Name = "Ports from ring 3",
            Target = IsolationTarget.Privilege,
            Attempt = "A program executes IN, OUT, INS and OUTS, among others to the port that ends the machine.",
            Judged = "Each raises #GP, no access reaches the port bus, and the machine goes on.",
            Body = engine => RunAttempts(engine, Ports, GeneralProtection, static guest =>
                // The kernel's own access to the port of the end is the only one.
                guest.Machine.Machine.Ports.Accesses == 1 && guest.Machine.Machine.Ports.UnclaimedAccesses == 0 ? null : "an access reached the port bus"),
        },
        new IsolationTest
        {
            Name = "POPF in ring 3",
            Target = IsolationTarget.Privilege,
            Attempt = "A program pops flags with IF clear and IOPL 3, which does not trap: the classic hole of the x86.",
            Judged = "Interrupts are still enabled and IOPL is still 0 in the flags that the kernel sees at the next INT.",
            Body = PopFlags,
        },
        new IsolationTest
        {
            Name = "Forged ways into ring 0",
            Target = IsolationTarget.Privilege,
            Attempt = $"A program tries {string.Join(", ", Forgeries.Select(static p => p.Name))}.",
            Judged = "Each raises #GP, and all exceptions come from ring 3.",
            Body = engine => RunAttempts(engine, Forgeries, GeneralProtection),
        },
        new IsolationTest
        {
            Name = "Memory that is not the program's",
            Target = IsolationTarget.Memory,
            Attempt = $"A program tries {string.Join(", ", Accesses.Select(static p => p.Name))}.",
            Judged = "Each raises #PF, and the kernel's page holds what it held.",
            Body = engine => RunAttempts(engine, Accesses, PageFault),
        },
    ];

    private static (bool Passed, string Evidence) RunAttempts(Func<IEngine> engine, (string Name, byte[] Code)[] attempts, int vector, Func<BareGuest, string?>? also = null)
    {
        using var guest = new BareGuest(engine(), user: assembler => EmitAttempts(assembler, attempts));
        RunResult end = guest.Machine.Run(Isolation.Patience);
        IReadOnlyList<CaughtFault> faults = guest.Faults();
        List<string> wrong = [];
        for (int i = 0; i < attempts.Length; i++)
        {
            if (guest.Read(BareGuest.UserData + 0x1000 + (8 * (uint)i)) != 0)
            {
                wrong.Add($"{attempts[i].Name} was executed");
            }
            else if (i >= faults.Count || faults[i].Vector != vector || (faults[i].CodeSelector & 3) != 3)
            {
                wrong.Add(i >= faults.Count ? $"{attempts[i].Name} was not reached" : $"{attempts[i].Name} raised exception {faults[i].Vector} from ring {faults[i].CodeSelector & 3}");
            }
        }

        if (end.Reason != StopReason.DebugExit)
        {
            wrong.Add($"the machine stopped with {end.Reason}");
        }

        if (guest.Machine.ReadRegister("cr3") != BareGuest.Pml4 || guest.Machine.ReadRegister("cr0") != 0x8001_0033 || guest.Machine.ReadRegister("cr4") != 0x620
            || guest.Machine.ReadRegister("idtr.base") != BareGuest.Idt || guest.Read(BareGuest.Secret) != BareGuest.SecretValue)
        {
            wrong.Add("a control register, a table or the kernel's page has changed");
        }

        if (also?.Invoke(guest) is { } more)
        {
            wrong.Add(more);
        }

        return Isolation.Judge(guest, wrong.Count == 0, wrong.Count == 0 ? $"{attempts.Length} of {attempts.Length} raised exception {vector} from ring 3" : string.Join("; ", wrong));
    }

    // Before each, R15 is set to what comes behind it; behind it a mark is set, which the kernel skips.
    private static void EmitAttempts(Assembler assembler, (string Name, byte[] Code)[] attempts)
    {
        assembler.MovImmediate(Gpr.Rsi, BareGuest.UserData);
        assembler.MovImmediate(Gpr.Rdi, BareGuest.UserData);
        assembler.MovImmediate(Gpr.Rcx, 1);
        for (int i = 0; i < attempts.Length; i++)
        {
            Label next = assembler.NewLabel();
            assembler.MovImmediate(Gpr.Rdx, 0x3f8);
            assembler.Lea(Gpr.R15, next);
            assembler.Emit(attempts[i].Code);
            assembler.Mov(64, Mem.Absolute((int)BareGuest.UserData + 0x1000 + (8 * i)), 1);
            assembler.Bind(next);
        }

        BareGuest.End(assembler);
    }

    private static (bool Passed, string Evidence) PopFlags(Func<IEngine> engine)
    {
        using var guest = new BareGuest(engine(), user: static assembler =>
        {
            // Bit 1 and IOPL 3; IF clear.
            assembler.MovImmediate(Gpr.Rax, 2 | (long)PrivilegeFlags);
            assembler.Push(Gpr.Rax);
            assembler.Popfq();
            BareGuest.End(assembler);
        });
        RunResult end = guest.Machine.Run(Isolation.Patience);
        IReadOnlyList<CaughtFault> faults = guest.Faults();
        bool passed = end.Reason == StopReason.DebugExit && faults is [{ Vector: 0x80 } last] && (last.Rflags & InterruptFlag) != 0 && (last.Rflags & PrivilegeFlags) == 0;
        return Isolation.Judge(guest, passed, faults.Count == 0 ? $"the machine stopped with {end.Reason}" : $"RFLAGS at the next INT: 0x{faults[^1].Rflags:x}");
    }
}
