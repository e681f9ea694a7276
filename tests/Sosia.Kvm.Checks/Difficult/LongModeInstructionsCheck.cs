using System;
using System.Globalization;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Properties;
using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Sosia.Engines.Kvm;
using Sosia.Jit.X64;

namespace Sosia.Kvm.Checks.Difficult;

/// <summary>
/// Instructions whose operand is a device's register and which the kernel's emulator does not know: integer, x87 and SSE, in ring 0 and in ring 3. The device is
/// the counter of the event timers, which stands still and can be written, and the first timer's comparator. (No vector instructions of AVX: QEMU's emulation of SVM does
/// not intercept XSETBV, so that KVM in the bed does not know what the guest has allowed.)
/// </summary>
internal sealed class LongModeInstructionsCheck : ICheck
{
    private const uint EventTimers = 0xfed0_0000;
    private const byte Counter = 0xf0;
    private const int ResultByteCount = 0x1000;
    private const long NativeRounds = 20_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Their operand is [rbx], the result goes to where the next instruction puts it.
    private static readonly byte[][] Difficult =
    [
        [0xf3, 0x48, 0x0f, 0xb8, 0x03], // popcnt rax, [rbx]
        [0xf2, 0x48, 0x0f, 0x38, 0xf1, 0x03], // crc32 rax, qword [rbx]
        [0xc4, 0xe2, 0xf3, 0xf6, 0x03], // mulx rax, rcx, [rbx]
        [0x48, 0x0f, 0xc7, 0x0b], // cmpxchg16b [rbx]
        [0x66, 0x0f, 0xd4, 0x03], // paddq xmm0, [rbx]
        [0x66, 0x0f, 0x38, 0x00, 0x03], // pshufb xmm0, [rbx]
        [0x66, 0x0f, 0x38, 0x2a, 0x03], // movntdqa xmm0, [rbx]
        [0xf2, 0x48, 0x0f, 0x2a, 0x03], // cvtsi2sd xmm0, qword [rbx]
        [0xdf, 0x2b], // fild qword [rbx]
        [0xdb, 0x2b], // fld tbyte [rbx]
        [0xdd, 0x43, 0x01], // fld qword [rbx + 1]
        [0x66, 0x0f, 0xd6, 0x43, 0x18], // movq [rbx + 18h], xmm0
        [0x66, 0x48, 0x0f, 0x3a, 0x16, 0x43, 0x18, 0x01], // pextrq [rbx + 18h], xmm0, 1
        [0xdf, 0x7b, 0x18], // fistp qword [rbx + 18h]
    ];

    public string Name => "instructions that KVM cannot emulate are completed in long mode, and the guest goes on natively";

    public void Run()
    {
        foreach (bool isUser in (ReadOnlySpan<bool>)[false, true])
        {
            Outcome expected = RunGuest(new InterpreterEngine(), isUser);
            Outcome actual = RunGuest(new KvmEngine(), isUser);
            actual.MustEqual(expected);
            // The interpreter goes on for longer when KVM fails again soon: then one failure stands for several instructions.
            Expect.True(actual.Stats.EmulationFailures is > 0 and var failures && failures <= Difficult.Length, $"one to {Difficult.Length} emulation failures counted ({actual.Stats.EmulationFailures})");
            long interpreted = actual.Stats.InstructionsInterpretedForHost;
            Expect.True(interpreted >= Difficult.Length && interpreted < NativeRounds / 2, $"no more interpreted than KVM could not do ({interpreted})");
        }
    }

    private static Outcome RunGuest(IEngine engine, bool isUser)
    {
        using var guest = new BareGuest(
            engine,
            kernel: isUser ? null : Emit,
            user: isUser ? Emit : null,
            prepare: static image => BareGuest.Poke(image, BareGuest.PageTable + (BareGuest.Spare / 4096 * 8), EventTimers | 7),
            cpuModel: "x86-64-v3");
        RunResult end = guest.Machine.Run(Patience);
        MachineStats stats = guest.Machine.GetStats();
        CaughtFault first = guest.Faults().FirstOrDefault();
        Expect.True(
            end.Reason == StopReason.DebugExit && guest.FaultCount == 1,
            string.Create(CultureInfo.InvariantCulture,
                $"it came to its end under '{stats.Engine}' without exceptions ({end.Reason}, {guest.FaultCount} exceptions, the first {first}; at 0x{guest.Machine.ReadRegister("rip"):x}; {stats.EmulationFailures} failures)"));
        byte[] results = new byte[ResultByteCount];
        guest.Machine.ReadPhysical(BareGuest.UserData, results);
        return new Outcome(end, results, stats);
    }

    private static void Emit(Assembler assembler)
    {
        // An exception ends the program.
        Label end = assembler.NewLabel();
        assembler.Lea(Gpr.R15, end);
        assembler.MovImmediate(Gpr.Rbx, BareGuest.Spare + Counter);
        assembler.MovImmediate(Gpr.Rdi, BareGuest.UserData);
        assembler.MovImmediate(Gpr.Rax, 0x0123_4567_89ab_cdef);
        assembler.Mov(64, new Mem(Gpr.Rbx), Gpr.Rax);
        assembler.Emit([0xdb, 0xe3]); // fninit
        foreach (byte[] instruction in Difficult)
        {
            assembler.Emit(instruction);
            StoreResults(assembler);
        }

        // Ordinary code at the end, far more than what was difficult.
        assembler.MovImmediate(Gpr.Rcx, NativeRounds);
        Label again = assembler.NewLabel();
        assembler.Bind(again);
        assembler.Alu(AluOperation.Add, 64, Gpr.Rax, Gpr.Rcx);
        assembler.Unary(UnaryOperation.Dec, 64, Gpr.Rcx);
        assembler.Jcc(Condition.NotZero, again);
        assembler.Mov(64, new Mem(Gpr.Rdi), Gpr.Rax);
        assembler.Bind(end);
        BareGuest.End(assembler);
    }

    // RAX, RCX, flags, XMM0, the x87 state's control and status words and registers, and both registers of the device.
    private static void StoreResults(Assembler assembler)
    {
        assembler.Emit([0x9c, 0x8f, 0x47, 0x10]); // pushfq; pop [rdi + 10h]
        assembler.Mov(64, new Mem(Gpr.Rdi), Gpr.Rax);
        assembler.Mov(64, new Mem(Gpr.Rdi, 8), Gpr.Rcx);
        assembler.Emit([0xf3, 0x0f, 0x7f, 0x47, 0x20]); // movdqu [rdi + 20h], xmm0
        assembler.Emit([0xd9, 0x7f, 0x18, 0xdd, 0x7f, 0x1c]); // fnstcw [rdi + 18h]; fnstsw [rdi + 1ch]
        assembler.Mov(64, Gpr.Rdx, new Mem(Gpr.Rbx));
        assembler.Mov(64, new Mem(Gpr.Rdi, 0x40), Gpr.Rdx);
        assembler.Mov(64, Gpr.Rdx, new Mem(Gpr.Rbx, 0x18));
        assembler.Mov(64, new Mem(Gpr.Rdi, 0x48), Gpr.Rdx);
        assembler.Alu(AluOperation.Add, 64, Gpr.Rdi, 0x50);
    }
}
