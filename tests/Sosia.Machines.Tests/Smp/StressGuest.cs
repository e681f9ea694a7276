using System;
using System.Buffers.Binary;
using System.IO;
using Iced.Intel;
using Sosia.Control;
using static Iced.Intel.AssemblerRegisters;

namespace Sosia.Machines.Tests.Smp;

/// <summary>
/// A guest in which all processors count in shared memory with every kind of atomic instruction and lock. Lost updates show in the counters.
/// </summary>
/// <remarks>
/// Every processor begins at <see cref="Start"/> in real mode, the first at power-on, the others by INIT and start-up messages, and goes
/// straight to 64-bit code. Tables and data are put into memory by the host.
/// </remarks>
internal static class StressGuest
{
    /// <summary>Where the code lies: start-up vector 8.</summary>
    public const int Start = 0x8000;

    /// <summary>Shared counters, a cache line each; see <see cref="Counter"/>.</summary>
    public const int Data = 0x2_0000;

    /// <summary>The port whose write ends the machine.</summary>
    public const int ExitPort = 0xf4;

    private const int LongCode = 0x8100;
    private const int Gdt = 0x9000;
    private const int PageTables = 0x1_0000;
    private const uint ApicBase = 0x1b;
    private const uint InterruptCommand = 0x830;

    /// <summary>What is counted where.</summary>
    public enum Counter
    {
        Increment,
        ExchangeAdd,
        CompareExchange,
        Misaligned,
        BitLock,
        BitLocked,
        TicketNext,
        TicketOwner,
        TicketLocked,
        ExchangeLock,
        ExchangeLocked,
        CompareExchange8,
        CompareExchange16,
        AddByte,
        Arrived,
        Done,
    }

    /// <summary>Where a counter lies.</summary>
    public static int AddressOf(Counter counter) => Data + (64 * (int)counter) + (counter == Counter.Misaligned ? 3 : 0);

    /// <summary>Reads a counter of a machine that does not run.</summary>
    public static ulong Read(VirtualMachine vm, Counter counter)
    {
        Span<byte> bytes = stackalloc byte[8];
        Xunit.Assert.True(vm.ReadPhysical((ulong)AddressOf(counter), bytes));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>The machine's options.</summary>
    /// <param name="files">Keeps the program.</param>
    /// <param name="cpuCount">How many processors.</param>
    /// <param name="rounds">How often each processor counts.</param>
    public static MachineOptions Options(TemporaryFiles files, int cpuCount, int rounds) => new()
    {
        Machine = "microvm",
        MemoryByteCount = 4 << 20,
        CpuCount = cpuCount,
        Kernel = files.Write("stress.bin", Program(cpuCount, rounds)),
        LoadAddress = Start,
        DebugExitPort = ExitPort,
        NoReboot = true,
    };

    /// <summary>Puts the tables where the program expects them.</summary>
    public static void Prepare(VirtualMachine vm)
    {
        Write(vm, Gdt + 8, 0x00af_9b00_0000_ffff);
        Write(vm, Gdt + 16, 0x00cf_9300_0000_ffff);
        Write(vm, PageTables, PageTables + 0x1003);
        Write(vm, PageTables + 0x1000, PageTables + 0x2003);
        Write(vm, PageTables + 0x2000, 0x83);
        Write(vm, PageTables + 0x2008, 0x20_0083);
    }

    /// <summary>Sets all counters to 0.</summary>
    public static void Clear(VirtualMachine vm) => Xunit.Assert.True(vm.WritePhysical(Data, new byte[0x1000]));

    private static void Write(VirtualMachine vm, int guestPhysical, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Xunit.Assert.True(vm.WritePhysical((ulong)guestPhysical, bytes));
    }

    private static byte[] Program(int cpuCount, int rounds)
    {
        byte[] real = RealMode();
        byte[] code = LongMode(cpuCount, rounds);
        byte[] program = new byte[LongCode - Start + code.Length];
        real.CopyTo(program, 0);
        code.CopyTo(program, LongCode - Start);
        // The descriptor table's register image, behind the real-mode code.
        BinaryPrimitives.WriteUInt16LittleEndian(program.AsSpan(0xf0), 23);
        BinaryPrimitives.WriteUInt32LittleEndian(program.AsSpan(0xf2), Gdt);
        return program;
    }

    private static byte[] RealMode()
    {
        var a = new Assembler(16);
        a.cli();
        a.xor(eax, eax);
        a.mov(ds, ax);
        a.lgdt(__[Start + 0xf0]);
        a.mov(eax, 0x20);
        a.mov(cr4, eax);
        a.mov(eax, PageTables);
        a.mov(cr3, eax);
        a.mov(ecx, 0xc000_0080);
        a.rdmsr();
        a.or(eax, 0x100);
        a.wrmsr();
        a.mov(eax, 0x8000_0011);
        a.mov(cr0, eax);
        // A far jump with a 32-bit offset.
        a.db(0x66, 0xea, LongCode & 0xff, LongCode >> 8, 0, 0, 8, 0);
        return Assemble(a, Start);
    }

    private static byte[] LongMode(int cpuCount, int rounds)
    {
        var a = new Assembler(64);
        a.mov(ax, 16);
        a.mov(ds, ax);
        a.mov(ss, ax);
        a.mov(eax, 1);
        a.cpuid();
        a.shr(ebx, 24);
        a.mov(r15d, ebx);
        a.mov(ebp, Data);
        Label work = a.CreateLabel();
        a.test(r15d, r15d);
        a.jne(work);
        StartOthers(a);
        a.Label(ref work);
        // All begin together.
        a.@lock.inc(At(Counter.Arrived));
        Label wait = a.CreateLabel();
        a.Label(ref wait);
        a.pause();
        a.cmp(At(Counter.Arrived), cpuCount);
        a.jb(wait);
        a.mov(r14d, rounds);
        Label round = a.CreateLabel();
        a.Label(ref round);
        Count(a);
        a.dec(r14d);
        a.jne(round);
        a.@lock.inc(At(Counter.Done));
        Label stop = a.CreateLabel();
        a.test(r15d, r15d);
        a.jne(stop);
        Label finish = a.CreateLabel();
        a.Label(ref finish);
        a.pause();
        a.cmp(At(Counter.Done), cpuCount);
        a.jb(finish);
        a.mov(edx, ExitPort);
        a.mov(al, 5);
        a.@out(dx, al);
        a.Label(ref stop);
        a.hlt();
        a.jmp(stop);
        return Assemble(a, LongCode);
    }

    // x2APIC: INIT, then the start-up message, to all but the sender.
    private static void StartOthers(Assembler a)
    {
        a.mov(ecx, ApicBase);
        a.rdmsr();
        a.or(eax, 0xc00);
        a.wrmsr();
        a.mov(ecx, InterruptCommand);
        a.xor(edx, edx);
        a.mov(eax, 0xc_4500);
        a.wrmsr();
        a.mov(eax, 0xc_4600 | (Start >> 12));
        a.wrmsr();
        // A second one finds nobody waiting.
        a.wrmsr();
    }

    private static void Count(Assembler a)
    {
        a.@lock.inc(At(Counter.Increment));
        a.mov(eax, 1);
        a.@lock.xadd(At(Counter.ExchangeAdd), rax);
        a.@lock.add(__dword_ptr[rbp + (AddressOf(Counter.Misaligned) - Data)], 3);
        a.@lock.add(__byte_ptr[rbp + (AddressOf(Counter.AddByte) - Data)], 1);

        Label again = a.CreateLabel();
        a.mov(rax, At(Counter.CompareExchange));
        a.Label(ref again);
        a.lea(rbx, __[rax + 1]);
        a.@lock.cmpxchg(At(Counter.CompareExchange), rbx);
        a.jne(again);

        Label spin = a.CreateLabel();
        Label taken = a.CreateLabel();
        a.jmp(taken);
        a.Label(ref spin);
        a.pause();
        a.Label(ref taken);
        a.@lock.bts(At(Counter.BitLock), 5);
        a.jc(spin);
        a.inc(At(Counter.BitLocked));
        a.@lock.btr(At(Counter.BitLock), 5);

        Label turn = a.CreateLabel();
        Label mine = a.CreateLabel();
        a.mov(eax, 1);
        a.@lock.xadd(__word_ptr[rbp + (AddressOf(Counter.TicketNext) - Data)], ax);
        a.Label(ref turn);
        a.cmp(__word_ptr[rbp + (AddressOf(Counter.TicketOwner) - Data)], ax);
        a.je(mine);
        a.pause();
        a.jmp(turn);
        a.Label(ref mine);
        a.inc(At(Counter.TicketLocked));
        a.inc(__word_ptr[rbp + (AddressOf(Counter.TicketOwner) - Data)]);

        Label free = a.CreateLabel();
        Label tryAgain = a.CreateLabel();
        a.jmp(tryAgain);
        a.Label(ref free);
        a.pause();
        a.Label(ref tryAgain);
        a.mov(eax, 1);
        a.xchg(__dword_ptr[rbp + (AddressOf(Counter.ExchangeLock) - Data)], eax);
        a.test(eax, eax);
        a.jne(free);
        a.inc(At(Counter.ExchangeLocked));
        a.mov(__dword_ptr[rbp + (AddressOf(Counter.ExchangeLock) - Data)], 0);

        Label eight = a.CreateLabel();
        a.xor(eax, eax);
        a.xor(edx, edx);
        a.Label(ref eight);
        a.mov(ebx, eax);
        a.mov(ecx, edx);
        a.add(ebx, 1);
        a.adc(ecx, 0);
        a.@lock.cmpxchg8b(__qword_ptr[rbp + (AddressOf(Counter.CompareExchange8) - Data)]);
        a.jne(eight);

        Label sixteen = a.CreateLabel();
        a.xor(eax, eax);
        a.xor(edx, edx);
        a.Label(ref sixteen);
        a.mov(rbx, rax);
        a.lea(rcx, __[rdx + 1]);
        a.inc(rbx);
        a.@lock.cmpxchg16b(__xmmword_ptr[rbp + (AddressOf(Counter.CompareExchange16) - Data)]);
        a.jne(sixteen);
    }

    private static AssemblerMemoryOperand At(Counter counter) => __qword_ptr[rbp + (AddressOf(counter) - Data)];

    private static byte[] Assemble(Assembler assembler, ulong rip)
    {
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), rip);
        return stream.ToArray();
    }
}
