using System;
using Sosia.Host.Linux.Probing;
using Sosia.Jit.X64;

namespace Sosia.Theory.Host;

/// <summary>
/// The program of the cell, about 300 bytes: maps the shared memory, makes the system calls that it finds listed there (the last of which installs the filter that
/// allows no more), loads the registers that it finds there and so enters the snippet; and as signal handler notes where the kernel has put the registers and ends.
/// </summary>
/// <remarks>Everything that could be a decision is in the list, made by <see cref="CellSetup"/>. There is no C library in the process.</remarks>
internal sealed unsafe class CellProgram
{
    // Exit statuses of a cell that never got to its snippet.
    public const int CannotMap = 101;
    public const int CannotSetUp = 102;

    private const int MaxByteCount = 1024;
    private const int Exit = LinuxCall.ExitGroup;

    private CellProgram(byte[] executable, ulong entryAddress, ulong handlerAddress, ulong exitReturnAddress)
    {
        Executable = executable;
        EntryAddress = entryAddress;
        HandlerAddress = handlerAddress;
        ExitReturnAddress = exitReturnAddress;
    }

    /// <summary>The ELF file.</summary>
    public byte[] Executable { get; }

    /// <summary>The address of the IRETQ that enters the snippet: it faults there when the processor refuses the snippet's code segment.</summary>
    public ulong EntryAddress { get; }

    /// <summary>Where its signal handler is.</summary>
    public ulong HandlerAddress { get; }

    /// <summary>The address after the only SYSCALL instruction that the filter lets through.</summary>
    public ulong ExitReturnAddress { get; }

    /// <summary>Writes the program.</summary>
    public static CellProgram Create()
    {
        byte[] code = new byte[MaxByteCount];
        // SAFETY: the assembler writes within the pinned array, which outlives it.
        fixed (byte* start = code)
        {
            var a = new Assembler();
            a.Begin(start, (byte*)CellLayout.ProgramCode, code.Length);
            Label end = a.NewLabel();
            Label cannotSetUp = a.NewLabel();
            MapShared(a, end);
            MakeCalls(a, cannotSetUp);
            ulong entry = EnterSnippet(a);

            a.Bind(cannotSetUp);
            a.Mov(32, Gpr.Rdi, CannotSetUp);
            a.Jmp(end);

            ulong handler = (ulong)a.ExecuteAddress(a.Position);
            Report(a);
            a.Mov(32, Gpr.Rdi, 0);

            a.Bind(end);
            a.Mov(32, Gpr.Rax, Exit);
            a.Emit([0x0f, 0x05]);
            ulong exitReturn = (ulong)a.ExecuteAddress(a.Position);
            a.Ud2();
            return a.Overflowed
                ? throw new InvalidOperationException("The cell's program does not fit its buffer.")
                : new CellProgram(StaticElf.Build(CellLayout.Program, code.AsSpan(0, a.Position)), entry, handler, exitReturn);
        }
    }

    private static void MapShared(Assembler a, Label end)
    {
        a.Mov(32, Gpr.Rax, LinuxCall.Mmap);
        a.Mov(32, Gpr.Rdi, (int)CellLayout.Shared);
        a.Mov(32, Gpr.Rsi, CellLayout.SharedByteCount);
        a.Mov(32, Gpr.Rdx, LinuxCall.ProtRead | LinuxCall.ProtWrite);
        a.Mov(32, Gpr.R10, LinuxCall.MapShared | LinuxCall.MapFixedNoReplace);
        a.Mov(32, Gpr.R8, SpawnedProcess.InheritedDescriptor);
        a.Mov(32, Gpr.R9, 0);
        a.Emit([0x0f, 0x05]);
        a.Mov(32, Gpr.Rdi, CannotMap);
        a.Alu(AluOperation.Cmp, 64, Gpr.Rax, (int)CellLayout.Shared);
        a.Jcc(Condition.NotZero, end);
    }

    // RBX: the call, R12: how many are left, R13: the shared memory. None of them is changed by a system call.
    private static void MakeCalls(Assembler a, Label cannotSetUp)
    {
        Label next = a.NewLabel();
        Label done = a.NewLabel();
        Label good = a.NewLabel();
        a.Mov(32, Gpr.R13, (int)CellLayout.Shared);
        a.Lea(64, Gpr.Rbx, new Mem(Gpr.R13, CellLayout.CallsOffset));
        a.Mov(64, Gpr.R12, Report(CellLayout.CallCountField));
        a.Bind(next);
        a.Test(64, Gpr.R12, Gpr.R12);
        a.Jcc(Condition.Zero, done);
        Gpr[] arguments = [Gpr.Rax, Gpr.Rdi, Gpr.Rsi, Gpr.Rdx, Gpr.R10, Gpr.R8, Gpr.R9];
        for (int i = 0; i < arguments.Length; i++)
        {
            a.Mov(64, arguments[i], new Mem(Gpr.Rbx, 8 * i));
        }

        a.Emit([0x0f, 0x05]);
        a.Mov(64, new Mem(Gpr.Rbx, 8 * 7), Gpr.Rax);
        a.Test(64, Gpr.Rax, Gpr.Rax);
        a.Jcc(Condition.NotSign, good);
        a.Alu(AluOperation.Cmp, 64, new Mem(Gpr.Rbx, 8 * 8), 0);
        a.Jcc(Condition.NotZero, cannotSetUp);
        a.Bind(good);
        a.Alu(AluOperation.Add, 64, Report(CellLayout.CallsDoneField), 1);
        a.Alu(AluOperation.Add, 64, Gpr.Rbx, CellLayout.CallByteCount);
        a.Alu(AluOperation.Sub, 64, Gpr.R12, 1);
        a.Jmp(next);
        a.Bind(done);
    }

    // The four data segment registers, then the general registers, then what IRETQ takes.
    private static ulong EnterSnippet(Assembler a)
    {
        a.Mov(64, Report(CellLayout.EnteredField), 1);
        a.Lea(64, Gpr.Rsp, new Mem(Gpr.R13, CellLayout.EntryOffset));
        byte[][] loads = [[0x8e, 0xd8], [0x8e, 0xc0], [0x8e, 0xe0], [0x8e, 0xe8]];
        foreach (byte[] load in loads)
        {
            a.Pop(Gpr.Rax);
            a.Emit(load);
        }

        for (int register = 15; register >= 0; register--)
        {
            if (register != (int)Gpr.Rsp)
            {
                a.Pop((Gpr)register);
            }
        }

        ulong entry = (ulong)a.ExecuteAddress(a.Position);
        a.Emit([0x48, 0xcf]);
        return entry;
    }

    // RDI: the signal, RSI: struct siginfo, RDX: struct ucontext; the frame lacks the data segment registers.
    private static void Report(Assembler a)
    {
        a.Mov(32, Gpr.R13, (int)CellLayout.Shared);
        a.Mov(64, Report(CellLayout.InformationField), Gpr.Rsi);
        a.Mov(64, Report(CellLayout.ContextField), Gpr.Rdx);
        byte[][] stores = [[0x8c, 0xd8], [0x8c, 0xc0], [0x8c, 0xe0], [0x8c, 0xe8]];
        for (int i = 0; i < stores.Length; i++)
        {
            a.Emit(stores[i]);
            a.Mov(64, Report(CellLayout.DataSegmentsField + (8 * i)), Gpr.Rax);
        }

        a.Mov(64, Report(CellLayout.SignalField), Gpr.Rdi);
    }

    private static Mem Report(int field) => new(Gpr.R13, CellLayout.ReportOffset + field);
}
