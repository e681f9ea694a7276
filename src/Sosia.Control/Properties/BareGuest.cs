using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Isa.X86;
using Sosia.Jit.X64;
using Sosia.Machines;

namespace Sosia.Control.Properties;

/// <summary>
/// A guest of a few hundred bytes of machine code: a kernel that goes to 64-bit mode, writes down every exception and goes on where R15 points, and a
/// program of our choice in ring 0 or ring 3. It ends through the debug-exit port when the program executes INT 80h.
/// </summary>
/// <remarks>
/// The first 2 MiB are mapped to themselves in pages of 4 KiB, the next 2 MiB in one page that ring 3 may use; the last 32 MiB below 4 GiB, where the devices
/// are, belong to ring 0. Everything is prepared in RAM before the first instruction, so that nothing depends on the engine.
/// </remarks>
internal sealed unsafe class BareGuest : IDisposable
{
    /// <summary>All of the guest's memory, in bytes.</summary>
    public const ulong MemoryByteCount = 4 << 20;

    /// <summary>The interrupt table: 256 gates of 16 bytes.</summary>
    public const uint Idt = 0x10_2000;

    /// <summary>The uppermost page table.</summary>
    public const uint Pml4 = 0x10_4000;

    /// <summary>The table that maps the first 2 MiB, one entry of 8 bytes for each page.</summary>
    public const uint PageTable = 0x10_7000;

    /// <summary>A page that only ring 0 may touch, with <see cref="SecretValue"/> at its begin.</summary>
    public const uint Secret = 0x10_e000;

    /// <summary>What stands at <see cref="Secret"/>.</summary>
    public const ulong SecretValue = 0x5ec2_e75e_c2e7_5ec2;

    /// <summary>Where a ring 0 program begins.</summary>
    public const uint KernelProgram = 0x12_0000;

    /// <summary>Where a ring 3 program begins; the pages can be written and executed.</summary>
    public const uint UserProgram = 0x14_0000;

    /// <summary>Data of both: 64 KiB.</summary>
    public const uint UserData = 0x15_0000;

    /// <summary>Behind the stack of the ring 3 program.</summary>
    public const uint UserStackEnd = 0x17_0000;

    /// <summary>A page that ring 3 may read only.</summary>
    public const uint ReadOnlyPage = 0x18_0000;

    /// <summary>A page that nobody may execute.</summary>
    public const uint NoExecutePage = 0x18_1000;

    /// <summary>Pages of free use: supervisor, writable, nobody's.</summary>
    public const uint Spare = 0x19_0000;

    /// <summary>2 MiB that ring 3 may use.</summary>
    public const uint Buffer = 0x20_0000;

    /// <summary>The vector whose handler counts, acknowledges the local APIC's interrupt and returns.</summary>
    public const byte TickVector = 0x40;

    /// <summary>The port that ends the machine.</summary>
    public const byte ExitPort = 0xf4;

    private const uint Load = 0x10_0000;
    private const uint ImageByteCount = 0x10_0000;
    private const uint Gdt = 0x10_1000;
    private const uint Tss = 0x10_3000;
    private const uint DirectoryPointers = 0x10_5000;
    private const uint Directory = 0x10_6000;
    private const uint Log = 0x10_8000;
    private const uint KernelStackEnd = 0x10_c000;
    private const uint FaultStackEnd = 0x10_d000;
    private const uint DeviceDirectory = 0x10_d000;
    private const uint KernelEntry = 0x11_0000;
    private const uint Stubs = 0x11_1000;
    private const int StubByteCount = 16;
    private const int ProgramByteCount = 0x1_0000;
    private const int LoggedFaults = 64;
    private const int RecordByteCount = 64;
    private const byte EndVector = 0x80;
    private const ushort KernelCode = 0x08;
    private const ushort KernelData = 0x10;
    private const ushort UserDataSelector = 0x1b;
    private const ushort UserCode = 0x23;
    private const ushort TaskSelector = 0x28;
    private const ulong Present = 1;
    private const ulong Writable = 2;
    private const ulong User = 4;
    private const ulong Large = 0x80;
    private const ulong NoExecute = 1UL << 63;

    private readonly string _file = Path.GetTempFileName();
    private readonly nint _owner;

    /// <summary>Builds the machine and puts the guest into it.</summary>
    /// <param name="engine">What runs it; disposed of with it.</param>
    /// <param name="kernel">Emits the ring 0 program; null: it enters the ring 3 program with interrupts allowed.</param>
    /// <param name="user">Emits the ring 3 program; null for none.</param>
    /// <param name="machine">The machine's name.</param>
    /// <param name="mayRestart">True when a triple fault or a reset restarts the machine instead of ending it.</param>
    /// <param name="prepare">Changes the image, whose first byte is at 1 MiB, before it is loaded; null for nothing.</param>
    /// <param name="cpuModel">The processor model; null for the usual one.</param>
    public BareGuest(
        IEngine engine,
        Action<Assembler>? kernel = null,
        Action<Assembler>? user = null,
        string machine = "pc",
        bool mayRestart = false,
        Action<byte[]>? prepare = null,
        string? cpuModel = null)
    {
        byte[] image = BuildImage(kernel ?? EnterUser, user);
        prepare?.Invoke(image);
        File.WriteAllBytes(_file, image);
        try
        {
            Machine = VirtualMachine.Create(
                new MachineOptions
                {
                    Machine = machine,
                    Kernel = _file,
                    LoadAddress = Load,
                    MemoryByteCount = MemoryByteCount,
                    DebugExitPort = ExitPort,
                    ClockMode = ClockMode.RealTime,
                    NoReboot = !mayRestart,
                    RandomSeed = 1,
                    CpuModel = cpuModel,
                },
                engine);
        }
        catch
        {
            File.Delete(_file);
            throw;
        }

        Machine.Machine.Ram.ArmFences();
        _owner = Cpu.State->Owner;
    }

    /// <summary>The machine.</summary>
    public VirtualMachine Machine { get; }

    /// <summary>How many exceptions the kernel has caught, the final INT 80h included.</summary>
    public ulong FaultCount => Read(Log);

    /// <summary>How many ticks (see <see cref="TickVector"/>) it has counted.</summary>
    public ulong TickCount => Read(Log + 8);

    /// <summary>True while nothing was written beside guest RAM, and what the engine relies on in the CPU's state is as it was.</summary>
    public bool IsHostWhole => Machine.Machine.Ram.AreFencesWhole() && Cpu.State->Zero == 0 && Cpu.State->StackZero == 0 && Cpu.State->Owner == _owner;

    private X86Cpu Cpu => (X86Cpu)Machine.Machine.Cpus[0];

    /// <summary>The exceptions that the kernel has caught, in their order, the final INT 80h included; at most the first 64.</summary>
    public IReadOnlyList<CaughtFault> Faults()
    {
        List<CaughtFault> faults = [];
        for (uint i = 0; i < Math.Min(FaultCount, LoggedFaults); i++)
        {
            uint at = Log + RecordByteCount + (i * RecordByteCount);
            faults.Add(new CaughtFault((int)Read(at), (uint)Read(at + 8), Read(at + 16), (ushort)Read(at + 24), Read(at + 32), Read(at + 40)));
        }

        return faults;
    }

    /// <summary>Reads 8 bytes of RAM.</summary>
    public ulong Read(uint guestPhysical)
    {
        Span<byte> bytes = stackalloc byte[8];
        Machine.ReadPhysical(guestPhysical, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Writes 8 bytes of RAM.</summary>
    public void Write(uint guestPhysical, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Machine.WritePhysical(guestPhysical, bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Machine.Dispose();
        File.Delete(_file);
    }

    /// <summary>Writes 8 bytes of an image whose first byte is at 1 MiB.</summary>
    public static void Poke(byte[] image, uint guestPhysical, ulong value)
        => BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan((int)(guestPhysical - Load)), value);

    /// <summary>Makes an interrupt gate of an image lead to an address.</summary>
    public static void SetGate(byte[] image, byte vector, uint handler)
    {
        // Present, 64-bit interrupt gate, interrupt stack 1; ring 3 may use that of the end.
        ulong attributes = vector == EndVector ? 0xee01UL : 0x8e01UL;
        uint at = Idt + ((uint)vector * 16);
        Poke(image, at, (handler & 0xffff) | ((ulong)KernelCode << 16) | (attributes << 32) | ((ulong)(handler >> 16) << 48));
        Poke(image, at + 8, 0);
    }

    /// <summary>Emits INT 80h.</summary>
    public static void End(Assembler assembler) => assembler.Emit([0xcd, EndVector]);

    /// <summary>Emits the way into the ring 3 program.</summary>
    public static void EnterUser(Assembler assembler)
    {
        foreach (uint value in (ReadOnlySpan<uint>)[UserDataSelector, UserStackEnd, 0x202, UserCode, UserProgram])
        {
            assembler.MovImmediate(Gpr.Rax, value);
            assembler.Push(Gpr.Rax);
        }

        assembler.Emit([0x48, 0xcf]); // iretq
    }

    private static byte[] BuildImage(Action<Assembler> kernel, Action<Assembler>? user)
    {
        byte[] image = new byte[ImageByteCount];
        WriteTables(image);
        BootCode().CopyTo(image, 0);
        var assembler = new Assembler();
        Emit(image, assembler, KernelEntry, EmitEntry);
        Emit(image, assembler, Stubs, EmitHandlers);
        Emit(image, assembler, KernelProgram, kernel);
        if (user is not null)
        {
            Emit(image, assembler, UserProgram, user);
        }

        return image;
    }

    private static void Emit(byte[] image, Assembler assembler, uint at, Action<Assembler> emit)
    {
        // SAFETY: the assembler writes no more than it is given, which lies within the image.
        fixed (byte* bytes = image)
        {
            assembler.Begin(bytes + (at - Load), (byte*)at, ProgramByteCount);
            emit(assembler);
        }

        if (assembler.Overflowed)
        {
            throw new InvalidOperationException("The guest's program is too long.");
        }
    }

    private static void WriteTables(byte[] image)
    {
        // Flat: ring 0 code and data, ring 3 data and code.
        Poke(image, Gdt + KernelCode, 0x00af_9a00_0000_ffff);
        Poke(image, Gdt + KernelData, 0x00cf_9200_0000_ffff);
        Poke(image, Gdt + (UserDataSelector & ~3u), 0x00cf_f200_0000_ffff);
        Poke(image, Gdt + (UserCode & ~3u), 0x00af_fa00_0000_ffff);
        // An available 64-bit TSS, base Tss, limit 67h; its stacks; no permission map within the limit.
        Poke(image, Gdt + TaskSelector, 0x0000_8900_0000_0067 | ((ulong)(Tss & 0xff_ffff) << 16));
        Poke(image, Tss + 4, KernelStackEnd);
        Poke(image, Tss + 0x24, FaultStackEnd);
        Poke(image, Tss + 0x60, 0x0068_0000_0000_0000);

        Poke(image, Pml4, DirectoryPointers | Present | Writable | User);
        Poke(image, DirectoryPointers, Directory | Present | Writable | User);
        Poke(image, DirectoryPointers + (3 * 8), DeviceDirectory | Present | Writable);
        Poke(image, Directory, PageTable | Present | Writable | User);
        Poke(image, Directory + 8, Buffer | Large | Present | Writable | User);
        for (uint page = 0; page < 512; page++)
        {
            uint address = page << 12;
            bool isUser = address is >= UserProgram and < NoExecutePage + 0x1000;
            ulong flags = Present | (address == ReadOnlyPage ? 0 : Writable) | (isUser ? User : 0) | (address == NoExecutePage ? NoExecute : 0);
            Poke(image, PageTable + (page * 8), address | flags);
        }

        for (uint i = 0; i < 16; i++)
        {
            ulong address = 0xfe00_0000 + ((ulong)i << 21);
            Poke(image, DeviceDirectory + ((496 + i) * 8), address | Large | Present | Writable);
        }

        Poke(image, Secret, SecretValue);
        for (int vector = 0; vector < 256; vector++)
        {
            SetGate(image, (byte)vector, Stubs + ((uint)vector * StubByteCount));
        }
    }

    // 32-bit code: to 64-bit mode with no-execute pages, write protection and vector instructions.
    private static byte[] BootCode()
    {
        const uint Pointers = Load + 0x80;
        byte[] code = new byte[0x90];
        ReadOnlySpan<byte> instructions =
        [
            0xb8, .. Word(Pml4), 0x0f, 0x22, 0xd8, // mov eax, PML4; mov cr3, eax
            0xb8, .. Word(0x620), 0x0f, 0x22, 0xe0, // mov eax, PAE | OSFXSR | OSXMMEXCPT; mov cr4, eax
            0xb9, .. Word(0xc000_0080), 0x0f, 0x32, 0x0d, .. Word(0x900), 0x0f, 0x30, // EFER |= LME | NXE
            0xb8, .. Word(0x8001_0033), 0x0f, 0x22, 0xc0, // mov eax, PG | WP | NE | ET | MP | PE; mov cr0, eax
            0x0f, 0x01, 0x15, .. Word(Pointers), // lgdt [pointers]
            0xea, .. Word(KernelEntry), (byte)KernelCode, 0x00, // jmp far
        ];
        instructions.CopyTo(code);
        // The operands of LGDT and of LIDT: limit, base.
        ((ReadOnlySpan<byte>)[0x37, 0x00, .. Word(Gdt), 0, 0]).CopyTo(code.AsSpan(0x80));
        ((ReadOnlySpan<byte>)[0xff, 0x0f, .. Word(Idt)]).CopyTo(code.AsSpan(0x88));
        return code;
    }

    private static byte[] Word(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static void EmitEntry(Assembler assembler)
    {
        assembler.MovImmediate(Gpr.Rax, KernelData);
        assembler.Emit([0x8e, 0xd0, 0x8e, 0xd8, 0x8e, 0xc0]); // mov ss, eax; mov ds, eax; mov es, eax
        assembler.MovImmediate(Gpr.Rsp, KernelStackEnd);
        // The pointer has an 8-byte base in 64-bit mode; what follows it in the image is zero.
        assembler.Emit([0x0f, 0x01, 0x1c, 0x25, .. Word(Load + 0x88)]); // lidt [pointer]
        assembler.MovImmediate(Gpr.Rax, TaskSelector);
        assembler.Emit([0x0f, 0x00, 0xd8]); // ltr ax
        assembler.MovImmediate(Gpr.Rax, KernelProgram);
        assembler.Jmp(Gpr.Rax);
    }

    private static void EmitHandlers(Assembler assembler)
    {
        Label common = assembler.NewLabel();
        Label tick = assembler.NewLabel();
        for (int vector = 0; vector < 256; vector++)
        {
            bool hasErrorCode = vector is 8 or (>= 10 and <= 14) or 17 or 21;
            if (vector == TickVector)
            {
                assembler.Jmp(tick);
            }
            else
            {
                // push 0 where the processor pushes nothing; push vector
                assembler.Emit(hasErrorCode ? [] : [0x6a, 0x00]);
                assembler.Emit([0x68, .. Word((uint)vector)]);
                assembler.Jmp(common);
            }

            assembler.Nop(StubByteCount - (assembler.Position % StubByteCount == 0 ? StubByteCount : assembler.Position % StubByteCount));
        }

        EmitLogging(assembler, common);
        assembler.Bind(tick);
        assembler.Unary(UnaryOperation.Inc, 64, Mem.Absolute((int)Log + 8));
        assembler.Push(Gpr.Rbx);
        assembler.MovImmediate(Gpr.Rbx, 0xfee0_0000);
        assembler.Mov(32, new Mem(Gpr.Rbx, 0xb0), 0); // end of interrupt
        assembler.Pop(Gpr.Rbx);
        assembler.Emit([0x48, 0xcf]); // iretq
    }

    // On the stack: vector, error code, RIP, CS, RFLAGS, RSP, SS.
    private static void EmitLogging(Assembler assembler, Label common)
    {
        Label end = assembler.NewLabel();
        Label full = assembler.NewLabel();
        assembler.Bind(common);
        assembler.Push(Gpr.Rax);
        assembler.Push(Gpr.Rbx);
        assembler.MovImmediate(Gpr.Rbx, Log);
        assembler.Mov(64, Gpr.Rax, new Mem(Gpr.Rbx));
        assembler.Unary(UnaryOperation.Inc, 64, new Mem(Gpr.Rbx));
        assembler.Alu(AluOperation.Cmp, 64, Gpr.Rax, LoggedFaults);
        assembler.Jcc(Condition.AboveOrEqual, full);
        assembler.Shift(ShiftOperation.Shl, 64, Gpr.Rax, 6);
        assembler.Lea(64, Gpr.Rbx, new Mem(Gpr.Rbx, Gpr.Rax, 1, RecordByteCount));
        for (int i = 0; i < 5; i++)
        {
            assembler.Mov(64, Gpr.Rax, new Mem(Gpr.Rsp, 16 + (8 * i)));
            assembler.Mov(64, new Mem(Gpr.Rbx, 8 * i), Gpr.Rax);
        }

        assembler.Emit([0x0f, 0x20, 0xd0]); // mov rax, cr2
        assembler.Mov(64, new Mem(Gpr.Rbx, 40), Gpr.Rax);
        assembler.Bind(full);
        assembler.Alu(AluOperation.Cmp, 64, new Mem(Gpr.Rsp, 16), EndVector);
        assembler.Jcc(Condition.Zero, end);
        assembler.Mov(64, new Mem(Gpr.Rsp, 32), Gpr.R15);
        assembler.Pop(Gpr.Rbx);
        assembler.Pop(Gpr.Rax);
        assembler.Alu(AluOperation.Add, 64, Gpr.Rsp, 16);
        assembler.Emit([0x48, 0xcf]); // iretq
        assembler.Bind(end);
        // xor eax, eax; out ExitPort, al; hlt, for ever
        assembler.Emit([0x31, 0xc0, 0xe6, ExitPort]);
        Label rest = assembler.NewLabel();
        assembler.Bind(rest);
        assembler.Emit([0xf4]);
        assembler.Jmp(rest);
    }
}
