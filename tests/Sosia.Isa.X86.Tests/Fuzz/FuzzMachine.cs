using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Tests.Fuzz;

/// <summary>
/// A CPU whose registers, tables, page tables and code are random, though likely enough to be valid that
/// execution gets somewhere. Guest memory lies between two fences that nothing may touch.
/// </summary>
public sealed unsafe class FuzzMachine : IDisposable
{
    /// <summary>Where the code stands, and the processor begins.</summary>
    public const ulong Code = 0x2_0000;

    /// <summary>How much of it there is.</summary>
    public const int CodeByteCount = 0x1000;

    /// <summary>The page tables: under PAE and in long mode the one that maps pages stands 3000h further.</summary>
    public const ulong PageTables = 0x1_0000;

    private const ulong MemoryByteCount = 2 << 20;
    private const ulong FenceByteCount = 1 << 20;
    private const byte Fence = 0xa5;
    private const ulong Gdt = 0x1000;
    private const ulong Idt = 0x2000;
    private const ulong Tss = 0x4000;

    private Random _random;
    private readonly MachineClock _clock = new(ClockMode.Deterministic);
    private readonly GuestRam _ram = new(MemoryByteCount + (2 * FenceByteCount));
    private readonly MemoryBus _memory;
    private readonly X86Cpu _cpu;
    private readonly IEngine _engine;

    /// <summary>Creates a machine.</summary>
    /// <param name="seed">Determines everything.</param>
    /// <param name="engine">What runs it, disposed of with it; null for the interpreter.</param>
    public FuzzMachine(int seed, IEngine? engine = null)
    {
        _engine = engine ?? new InterpreterEngine();
        _random = new Random(seed);
        var log = new DiagnosticLog();
        _memory = new MemoryBus(_ram, log);
        _memory.MapRam(0, FenceByteCount, MemoryByteCount);
        _cpu = new X86Cpu(0, _memory, new PortBus(log), _clock);
        _clock.AttachCounter(_cpu);
        LowFence.Fill(Fence);
        HighFence.Fill(Fence);
    }

    /// <summary>How many instructions have retired.</summary>
    public long Retired => _cpu.RetiredInstructions;

    /// <summary>True while nothing was written beside guest memory.</summary>
    public bool AreFencesWhole => !LowFence.ContainsAnyExcept(Fence) && !HighFence.ContainsAnyExcept(Fence);

    // SAFETY: both lie within the RAM that this machine owns.
    private Span<byte> LowFence => new(_ram.HostBase, (int)FenceByteCount);

    private Span<byte> HighFence => new(_ram.HostBase + FenceByteCount + MemoryByteCount, (int)FenceByteCount);

    /// <summary>The processor.</summary>
    public X86Cpu Cpu => _cpu;

    /// <summary>Guest memory with its fences.</summary>
    // SAFETY: the RAM that this machine owns.
    public ReadOnlySpan<byte> Memory => new(_ram.HostBase, (int)_ram.ByteCount);

    /// <summary>The processor's complete state.</summary>
    public byte[] SaveCpu()
    {
        var writer = new SnapshotWriter();
        _cpu.Save(writer);
        return writer.ToArray();
    }

    /// <summary>Makes everything anew.</summary>
    /// <param name="mode">The mode to begin in.</param>
    /// <param name="ring">The privilege level.</param>
    /// <param name="code">Up to a page of code, entered at its start; null for random bytes, entered anywhere.</param>
    /// <param name="seed">Determines everything from here on; null to go on as it was.</param>
    public void Prepare(CpuMode mode, int ring, ReadOnlySpan<byte> code = default, int? seed = null)
    {
        _random = seed is { } value ? new Random(value) : _random;
        _cpu.Reset();
        FillMemory(mode);
        SetRegisters();
        Enter(mode, ring);
        if (!code.IsEmpty)
        {
            _memory.WriteBytes(Code, code);
            _cpu.State->Rip = mode is CpuMode.Real or CpuMode.Virtual8086 or CpuMode.Protected16 ? 0 : Code;
        }
    }

    /// <summary>Runs until the budget is used or the processor stops.</summary>
    /// <returns>False when it has stopped for good.</returns>
    public bool Advance(long budget)
    {
        long end = Retired + budget;
        // What retires nothing (a kick, an event) is bounded too.
        for (int turns = 0; Retired < end && turns < 64; turns++)
        {
            switch (_engine.Run(_cpu, new RunLimits(end - Retired)))
            {
                case ExitReason.Halted:
                    _cpu.SetSignal(CpuSignal.NonMaskableInterrupt, true);
                    break;
                case ExitReason.Shutdown:
                    return false;
                default:
                    break;
            }
        }

        return true;
    }

    /// <summary>Makes everything anew and runs it until the budget is used or the processor stops.</summary>
    public void Run(CpuMode mode, int ring, long budget)
    {
        Prepare(mode, ring);
        Advance(budget);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _cpu.Dispose();
        _ram.Dispose();
    }

    private bool Rarely => _random.Next(32) == 0;

    private static bool IsLongMode(CpuMode mode) => mode is CpuMode.Compatibility or CpuMode.Long;

    private ulong AnyNumber() => _random.Next(6) switch
    {
        0 => (ulong)_random.Next(256),
        1 => (ulong)_random.NextInt64() << 1 | (uint)_random.Next(2),
        2 => 0UL - (ulong)_random.Next(0x2000),
        3 => (uint)_random.Next(),
        4 => MemoryByteCount - (ulong)_random.Next(32),
        _ => (ulong)_random.Next((int)MemoryByteCount),
    };

    private void FillMemory(CpuMode mode)
    {
        byte[] code = new byte[CodeByteCount];
        _random.NextBytes(code);
        for (int i = 0; i < code.Length; i++)
        {
            // Random bytes alone reach few two-byte opcodes and prefixes.
            code[i] = _random.Next(12) switch
            {
                0 => 0x0f,
                1 => (byte)_random.Next(0x40, 0x50),
                2 => 0x66,
                _ => code[i],
            };
        }

        _memory.WriteBytes(Code, code);
        FillTables(IsLongMode(mode));
        FillPageTables(mode);
    }

    private void FillTables(bool isLong)
    {
        for (uint i = 0; i < 32; i++)
        {
            ulong descriptor = Rarely ? (ulong)_random.NextInt64()
                : TestMachine.Segment(Rarely ? (uint)_random.Next() : 0, Rarely ? (uint)_random.Next(0x10_0000) : 0xf_ffff, 0x80 | _random.Next(0x80), _random.Next(16));
            _memory.Write(Gdt + (i * 8), 8, descriptor);
        }

        int codeFlags = isLong ? 0xa : 0xc;
        _memory.Write(Gdt + 8, 8, TestMachine.Segment(0, 0xf_ffff, 0x9b, codeFlags));
        _memory.Write(Gdt + 0x10, 8, TestMachine.Segment(0, 0xf_ffff, 0x93, 0xc));
        _memory.Write(Gdt + 0x18, 8, TestMachine.Segment(0, 0xf_ffff, 0xfb, codeFlags));
        _memory.Write(Gdt + 0x20, 8, TestMachine.Segment(0, 0xf_ffff, 0xf3, 0xc));
        uint gateByteCount = isLong ? 16u : 8;
        for (uint vector = 0; vector < 256; vector++)
        {
            ulong address = Idt + (vector * gateByteCount);
            ushort selector = (ushort)(Rarely ? _random.Next(0x10000) : 8);
            int kind = Rarely ? _random.Next(256) : 0x8e | (_random.Next(4) << 5) | _random.Next(2);
            _memory.Write(address, 8, TestMachine.Gate(selector, (uint)Code + (uint)_random.Next(CodeByteCount), kind, _random.Next(8)));
            if (isLong)
            {
                _memory.Write(address + 8, 8, Rarely ? AnyNumber() : 0);
            }
        }

        byte[] task = new byte[0x2000];
        if (_random.Next(4) == 0)
        {
            _random.NextBytes(task);
        }

        _memory.WriteBytes(Tss, task);
        _memory.Write(Tss + 4, isLong ? 8 : 4, 0x1_8000);
        if (!isLong)
        {
            _memory.Write(Tss + 8, 2, 0x10);
        }
    }

    // The first 2 MiB one to one, with accidents.
    private void FillPageTables(CpuMode mode)
    {
        bool isWide = mode is CpuMode.Pae || IsLongMode(mode);
        ulong table = PageTables + 0x3000;
        ulong flags = mode is CpuMode.Pae ? 1UL : 7;
        _memory.WriteBytes(PageTables, new byte[0x4000]);
        if (IsLongMode(mode))
        {
            _memory.Write(PageTables, 8, (PageTables + 0x1000) | 7);
            _memory.Write(PageTables + 0x1000, 8, (PageTables + 0x2000) | 7);
        }
        else if (isWide)
        {
            _memory.Write(PageTables, 8, (PageTables + 0x2000) | flags);
        }

        ulong directory = isWide ? PageTables + 0x2000 : PageTables;
        int entryByteCount = isWide ? 8 : 4;
        _memory.Write(directory, entryByteCount, table | 7);
        for (ulong i = 1; i < 8; i++)
        {
            _memory.Write(directory + (i * (ulong)entryByteCount), entryByteCount, AnyNumber());
        }

        for (ulong page = 0; page < MemoryByteCount >> 12; page++)
        {
            ulong entry = (page << 12) | 7;
            if (Rarely && page > 0x40)
            {
                entry ^= 1UL << _random.Next(isWide ? 64 : 32);
            }

            _memory.Write(table + (page * (ulong)entryByteCount), entryByteCount, entry);
        }
    }

    private void SetRegisters()
    {
        X86State* st = _cpu.State;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = AnyNumber();
        }

        var x87 = new Span<byte>(st->X87, 16 * 8);
        var vector = new Span<byte>(st->Vector, 64 * 8);
        _random.NextBytes(x87);
        for (int i = 1; i < 16; i += 2)
        {
            // 80 bits of 128 are the register's.
            st->X87[i] = (ushort)st->X87[i];
        }

        _random.NextBytes(vector);
        st->Fcw = (ushort)(_random.Next(2) == 0 ? 0x37f : 0x40 | (_random.Next() & 0xf3f));
        st->Ftw = (byte)_random.Next(256);
        st->Mxcsr = _random.Next(2) == 0 ? 0x1f80 : (uint)_random.Next(0x10000);
        st->GdtrBase = Gdt;
        st->GdtrLimit = Rarely ? (uint)_random.Next(0x10000) : 0xff;
        st->IdtrBase = Idt;
        st->IdtrLimit = Rarely ? (uint)_random.Next(0x10000) : 0xfff;
    }

    private void Enter(CpuMode mode, int ring)
    {
        X86State* st = _cpu.State;
        bool isLong = IsLongMode(mode);
        if (mode == CpuMode.Real)
        {
            // Interrupt vectors of real mode point into the code.
            for (uint vector = 0; vector < 256; vector++)
            {
                _memory.Write(vector * 4, 4, (Code >> 4 << 16) | (uint)_random.Next(CodeByteCount));
            }

            st->IdtrBase = 0;
            st->IdtrLimit = 0x3ff;
        }
        else
        {
            st->Cr0 = ControlBits.Cr0Pe | ControlBits.Cr0Et | (_random.Next(2) == 0 ? ControlBits.Cr0Wp : 0) | (_random.Next(2) == 0 ? ControlBits.Cr0Am : 0)
                | (_random.Next(2) == 0 ? ControlBits.Cr0Ne : 0) | ControlBits.Cr0Pg;
            st->Cr3 = PageTables;
            st->Cr4 = ControlBits.Cr4Osfxsr | (mode == CpuMode.Pae || isLong ? ControlBits.Cr4Pae : 0)
                | (_random.Next(2) == 0 ? ControlBits.Cr4Osxmmexcpt | ControlBits.Cr4Osxsave | ControlBits.Cr4Fsgsbase : 0)
                | (Rarely ? ControlBits.Cr4Smep | ControlBits.Cr4Smap : 0) | (_random.Next(2) == 0 ? ControlBits.Cr4Pse | ControlBits.Cr4Pge : 0);
            st->Efer = ControlBits.EferSce | ControlBits.EferNxe | (isLong ? ControlBits.EferLme | ControlBits.EferLma : 0);
            for (int i = 0; i < 4; i++)
            {
                st->Pdpte[i] = i == 0 && mode == CpuMode.Pae ? (PageTables + 0x2000) | 1 : 0;
            }
        }

        int cpl = mode switch { CpuMode.Real => 0, CpuMode.Virtual8086 => 3, _ => ring };
        int bits = mode is CpuMode.Real or CpuMode.Virtual8086 or CpuMode.Protected16 ? 0 : mode == CpuMode.Long ? 0x200 : 0x400;
        bool isParagraph = mode is CpuMode.Real or CpuMode.Virtual8086;
        ushort selector = (ushort)(isParagraph ? Code >> 4 : cpl == 0 ? 0x08UL : 0x1bUL);
        uint limit = isParagraph || bits == 0 ? 0xffffu : uint.MaxValue;
        int access = isParagraph ? 0x93 | (cpl << 5) : 0x9b | (cpl << 5);
        st->Cs = Segment(selector, bits == 0 ? Code : 0, limit, access | bits | (limit > 0xffff ? 0x800 : 0));
        for (int i = 0; i < 5; i++)
        {
            ulong segmentBase = isParagraph ? (ulong)_random.Next(0x1_0000) << 4 : Rarely ? (uint)_random.Next() : 0;
            ushort dataSelector = (ushort)(isParagraph ? (uint)segmentBase >> 4 : cpl == 0 ? 0x10u : 0x23u);
            SegmentRegister data = Segment(dataSelector, segmentBase, isParagraph ? 0xffffu : uint.MaxValue, 0x93 | (cpl << 5) | (isParagraph ? 0 : 0xc00));
            switch (i)
            {
                case 0: st->Ss = data; break;
                case 1: st->Ds = data; break;
                case 2: st->Es = data; break;
                case 3: st->Fs = data; break;
                default: st->Gs = data; break;
            }
        }

        st->Tr = Segment(0x28, Tss, 0x1fff, 0x8b);
        st->Ldtr = Segment(0, Gdt, 0xff, 0x82);
        st->Cpl = cpl;
        _cpu.Rflags = 2 | ((ulong)_random.Next(0x1_0000) & 0x8cd5) | (uint)(_random.Next(4) << 12) | (Rarely ? ControlBits.Tf : 0) | (Rarely ? ControlBits.Ac : 0)
            | (_random.Next(2) == 0 ? ControlBits.If : 0) | (mode == CpuMode.Virtual8086 ? ControlBits.Vm : 0);
        st->Rip = (bits == 0 ? 0 : Code) + (ulong)_random.Next(CodeByteCount);
        _cpu.UpdateMode();
        _cpu.MemoryMapChanged();
    }

    private static SegmentRegister Segment(ushort selector, ulong segmentBase, uint limit, int attributes)
    {
        var segment = new SegmentRegister { Selector = selector, Base = segmentBase, Limit = limit, Attributes = (ushort)attributes };
        segment.UpdateFastLimits();
        return segment;
    }
}
