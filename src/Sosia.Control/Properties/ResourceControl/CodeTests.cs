using System;
using System.Collections.Generic;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>Programs that change the code that an engine may have prepared: nothing of what was prepared before may run again.</summary>
internal static class CodeTests
{
    private const int Rewrites = 20_000;
    private const int Pieces = 60_000;

    // mov eax, imm32 whose operand lies in two pages.
    private const uint Straddling = BareGuest.UserProgram + 0x1ffd;

    // Another address of the page at UserProgram + 3000h.
    private const uint Alias = BareGuest.ReadOnlyPage + 0x8000;
    private const uint Aliased = BareGuest.UserProgram + 0x3000;

    /// <summary>The tests.</summary>
    public static IEnumerable<IsolationTest> All() =>
    [
        new IsolationTest
        {
            Name = "Code that changes, across two pages",
            Target = IsolationTarget.Code,
            Attempt = $"A program changes the operand of an instruction that lies in two pages {Rewrites} times and calls it each time.",
            Judged = "Each call returns the number written last.",
            Body = static engine => Rewrite(engine, Straddling, Straddling, null),
        },
        new IsolationTest
        {
            Name = "Code that changes under another address",
            Target = IsolationTarget.Code,
            Attempt = $"The same through a second mapping of the page, {Rewrites} times.",
            Judged = "Each call returns the number written last.",
            Body = static engine => Rewrite(engine, Aliased, Alias, static image => BareGuest.Poke(image, BareGuest.PageTable + ((Alias >> 12) * 8), Aliased | 7)),
        },
        new IsolationTest
        {
            Name = "Flood of code",
            Target = IsolationTarget.Code,
            Attempt = $"A program writes and calls {Pieces} pieces of code at different addresses, over and over the same 2 MiB.",
            Judged = "The sum of what they return is right, and the engine keeps no more code than it has room for.",
            Body = Flood,
        },
    ];

    private static (bool Passed, string Evidence) Rewrite(Func<IEngine> engine, uint called, uint written, Action<byte[]>? prepare)
    {
        using var guest = new BareGuest(
            engine(),
            user: assembler =>
            {
                // mov eax, imm32; ret: at the address that is called.
                assembler.MovImmediate(Gpr.Rbx, called);
                assembler.MovImmediate(Gpr.Rsi, written);
                assembler.Mov(8, new Mem(Gpr.Rsi), 0xb8 - 0x100);
                assembler.Mov(8, new Mem(Gpr.Rsi, 5), 0xc3 - 0x100);
                assembler.Alu(AluOperation.Xor, 32, Gpr.R8, Gpr.R8);
                assembler.MovImmediate(Gpr.Rcx, Rewrites);
                Label turn = assembler.NewLabel();
                assembler.Bind(turn);
                assembler.Mov(32, new Mem(Gpr.Rsi, 1), Gpr.Rcx);
                assembler.Call(Gpr.Rbx);
                assembler.Alu(AluOperation.Cmp, 32, Gpr.Rax, Gpr.Rcx);
                assembler.Setcc(Condition.Zero, Gpr.Rdx);
                assembler.Movzx(32, Gpr.Rdx, 8, Gpr.Rdx);
                assembler.Alu(AluOperation.Add, 32, Gpr.R8, Gpr.Rdx);
                assembler.Unary(UnaryOperation.Dec, 32, Gpr.Rcx);
                assembler.Jcc(Condition.NotZero, turn);
                assembler.Mov(64, Mem.Absolute((int)BareGuest.UserData), Gpr.R8);
                BareGuest.End(assembler);
            },
            prepare: prepare);
        RunResult end = guest.Machine.Run(Isolation.Patience);
        ulong right = guest.Read(BareGuest.UserData);
        return Isolation.Judge(guest, end.Reason == StopReason.DebugExit && right == Rewrites, $"{right} of {Rewrites} calls returned what had been written");
    }

    private static (bool Passed, string Evidence) Flood(Func<IEngine> engine)
    {
        using var guest = new BareGuest(engine(), user: static assembler =>
        {
            assembler.MovImmediate(Gpr.Rcx, Pieces);
            assembler.MovImmediate(Gpr.Rsi, BareGuest.Buffer);
            assembler.Alu(AluOperation.Xor, 32, Gpr.R8, Gpr.R8);
            Label turn = assembler.NewLabel();
            assembler.Bind(turn);
            // The place: 101 bytes further each time, within the buffer.
            assembler.Imul(64, Gpr.Rbx, Gpr.Rcx, 101);
            assembler.Alu(AluOperation.And, 32, Gpr.Rbx, 0x1f_fff0);
            assembler.Alu(AluOperation.Add, 64, Gpr.Rbx, Gpr.Rsi);
            assembler.Mov(8, new Mem(Gpr.Rbx), 0xb8 - 0x100);
            assembler.Mov(32, new Mem(Gpr.Rbx, 1), Gpr.Rcx);
            assembler.Mov(8, new Mem(Gpr.Rbx, 5), 0xc3 - 0x100);
            assembler.Call(Gpr.Rbx);
            assembler.Alu(AluOperation.Add, 64, Gpr.R8, Gpr.Rax);
            assembler.Unary(UnaryOperation.Dec, 32, Gpr.Rcx);
            assembler.Jcc(Condition.NotZero, turn);
            assembler.Mov(64, Mem.Absolute((int)BareGuest.UserData), Gpr.R8);
            BareGuest.End(assembler);
        });
        RunResult end = guest.Machine.Run(Isolation.Patience);
        const ulong Expected = (ulong)Pieces * (Pieces + 1) / 2;
        EngineCounters counters = guest.Machine.Engine.Counters;
        ulong sum = guest.Read(BareGuest.UserData);
        bool passed = end.Reason == StopReason.DebugExit && sum == Expected && counters.CodeCacheUsedByteCount <= counters.CodeCacheByteCount;
        string kept = counters.CodeCacheByteCount == 0 ? "no host code kept" : $"{counters.CodeCacheUsedByteCount >> 10} KiB of {counters.CodeCacheByteCount >> 10} KiB of host code kept";
        return Isolation.Judge(guest, passed, $"sum {(sum == Expected ? "right" : $"{sum} instead of {Expected}")}; {kept}");
    }
}
