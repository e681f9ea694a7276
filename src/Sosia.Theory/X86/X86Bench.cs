using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Theory.X86;

/// <summary>A processor with little memory and an interpreter, which executes single instructions in states that are made for them.</summary>
internal sealed unsafe class X86Bench : IDisposable
{
    private const ulong PageFlags = 0x67;
    private const ulong SystemPageFlags = 0x63;
    private const int TssFieldsByteCount = 0x68;

    // More than an instruction and what ends its block.
    private const int LongestCode = 32;

    private readonly int _codeBits;
    private readonly bool _preventsUserInstructions;
    private readonly MachineClock _clock = new(ClockMode.Deterministic);
    private readonly GuestRam _ram = new(X86Layout.RamByteCount);
    private readonly MemoryBus _memory;
    private readonly X86Cpu _cpu;
    private readonly PortRecorder _ports = new();
    private readonly InterpreterEngine _engine = new();
    private readonly X86OutcomeReader _reader;

    // The page that both places' code must be.
    private readonly byte[] _codePage = new byte[0x1000];
    private long _codeVersion = -1;

    /// <summary>Creates a bench.</summary>
    /// <param name="codeBits">32 or 64.</param>
    /// <param name="preventsUserInstructions">CR4.UMIP.</param>
    public X86Bench(int codeBits, bool preventsUserInstructions)
    {
        _codeBits = codeBits;
        _preventsUserInstructions = preventsUserInstructions;
        var log = new DiagnosticLog();
        _memory = new MemoryBus(_ram, log);
        _memory.MapRam(0, 0, X86Layout.RamByteCount);
        var ports = new PortBus(log);
        ports.Map(0, 0x1_0000, _ports, "recorder");
        _cpu = new X86Cpu(0, _memory, ports, _clock, model: CpuModel.X8664V3);
        _clock.AttachCounter(_cpu);
        _reader = new X86OutcomeReader(_cpu, _ram, _ports);
        FillWithUndefined(_codePage);
        for (int place = 0; place < 2; place++)
        {
            FillPageTables(place);
            _memory.WriteBytes(X86Layout.ProgramAt(place), _codePage);
        }

        KeepCodePages();
    }

    /// <summary>An outcome of the right size.</summary>
    public static Outcome CreateOutcome() => X86OutcomeReader.CreateOutcome();

    /// <summary>Executes a trial's instruction.</summary>
    public void Execute(X86Trial trial, in Variant variant, Outcome outcome)
    {
        var place = new X86Place(variant.Location);
        if (_codeVersion != trial.Version)
        {
            // Both places hold the instruction, and behind it what ends its block.
            Span<byte> code = _codePage.AsSpan(0, LongestCode);
            FillWithUndefined(code[trial.Bytes.Length..]);
            trial.Bytes.CopyTo(code);
            _memory.WriteBytes(X86Layout.ProgramAt(0), code);
            _memory.WriteBytes(X86Layout.ProgramAt(1), code);
            _codeVersion = trial.Version;
        }

        RepairCodePage(place.Pages);

        FillMemory(trial, variant, place);
        _cpu.Reset();
        SetSystem(trial, variant, place);
        SetProgram(trial, variant, place);
        _ports.Clear();
        _reader.Before(variant, place, outcome);
        ExitReason reason = _engine.Run(_cpu, new RunLimits(1));
        _reader.After(reason, outcome);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Dispose();
        _cpu.Dispose();
        _ram.Dispose();
    }

    private static ulong Resource(X86Trial trial, in Variant variant, X86ResourceId id)
        => variant.IsWithheld && X86Resources.All[(int)id].Withheld is { } withheld ? withheld
            : ((variant.Resources >> (int)id) & 1) != 0 ? trial.OtherResources[(int)id]
            : trial.Resources[(int)id];

    // Whatever lies behind the instruction ends its block: UD2.
    private static void FillWithUndefined(Span<byte> code)
    {
        for (int at = 0; at < code.Length; at++)
        {
            code[at] = (byte)(at % 2 == 0 ? 0x0f : 0x0b);
        }
    }

    // Some instruction before may have written there.
    private void RepairCodePage(int place)
    {
        // SAFETY: a page of the layout's, which lies within the RAM.
        if (!new ReadOnlySpan<byte>(_ram.HostBase + X86Layout.ProgramAt(place), _codePage.Length).SequenceEqual(_codePage))
        {
            _memory.WriteBytes(X86Layout.ProgramAt(place), _codePage);
        }
    }

    // While a page has one block that stays, a new instruction is not the page's first code, for which the interpreter does more.
    private void KeepCodePages()
    {
        var trial = new X86Trial(_codeBits, X86Resources.All.Length);
        for (int pages = 0; pages < 2; pages++)
        {
            var variant = new Variant(ProcessorMode.Supervisor, Location: (ulong)pages);
            var place = new X86Place(variant.Location);
            FillMemory(trial, variant, place);
            _cpu.Reset();
            SetSystem(trial, variant, place);
            SetProgram(trial, variant, place);
            _cpu.State->Gpr[4] = X86Layout.Stack + 0x800;
            _cpu.State->Rip = X86Layout.Code + 0xf00;
            _engine.Run(_cpu, new RunLimits(1));
        }
    }

    // The program's pages and the tables' pages, the former at the place; accessed and dirty already, as any program finds them.
    private void FillPageTables(int place)
    {
        uint top = X86Layout.PageTablesAt(place);
        int entryByteCount = _codeBits == 64 ? 8 : 4;
        uint last = top;
        for (int level = _codeBits == 64 ? 3 : 1; level > 0; level--)
        {
            WriteEntry(last, 0, entryByteCount, (last + 0x1000) | PageFlags);
            last += 0x1000;
        }

        for (uint page = X86Layout.FirstProgramPage; page < X86Layout.ProgramEnd; page += 0x1000)
        {
            // Holes behind the code, and between operands and stack.
            if (page != X86Layout.Code + 0x1000 && page != X86Layout.Scratch + X86Layout.ScratchByteCount)
            {
                ulong entry = (X86Layout.ProgramAt(place) + page - X86Layout.FirstProgramPage) | PageFlags;
                WriteEntry(last, page >> 12, entryByteCount, entry);
                WriteEntry(last, (page + X86Layout.OtherSegmentBase) >> 12, entryByteCount, entry);
            }
        }

        for (int tables = 0; tables < 2; tables++)
        {
            for (uint page = X86Layout.GdtAt(tables); page < X86Layout.GdtAt(tables) + 0x5000; page += 0x1000)
            {
                WriteEntry(last, page >> 12, entryByteCount, page | SystemPageFlags);
            }
        }

        WriteEntry(last, X86Layout.Handlers >> 12, entryByteCount, X86Layout.Handlers | SystemPageFlags);
    }

    private void WriteEntry(uint table, uint index, int entryByteCount, ulong value)
    {
        if (entryByteCount == 8)
        {
            *(ulong*)(_ram.HostBase + table + (index * 8)) = value;
        }
        else
        {
            *(uint*)(_ram.HostBase + table + (index * 4)) = (uint)value;
        }
    }

    // SAFETY (this method and the next): all addresses are those of the layout, which lies within the RAM.
    private void FillMemory(X86Trial trial, in Variant variant, X86Place place)
    {
        byte* program = _ram.HostBase + X86Layout.ProgramAt(place.Pages) - X86Layout.FirstProgramPage;
        trial.Scratch.CopyTo(new Span<byte>(program + X86Layout.Scratch, X86Layout.ScratchByteCount));
        trial.Stack.CopyTo(new Span<byte>(program + X86Layout.Stack, X86Layout.StackByteCount));
        uint segmentBase = place.SegmentBase(_codeBits);
        X86Selectors.WriteGdt(
            new Span<ulong>(_ram.HostBase + X86Layout.GdtAt(place.Gdt), (int)(X86Selectors.GdtLimit + 1) / 8),
            _codeBits,
            segmentBase,
            X86Layout.LdtAt(place.Ldt),
            X86Layout.TssAt(place.Tss),
            Resource(trial, variant, X86ResourceId.GdtContent));
        X86Selectors.WriteLdt(
            new Span<ulong>(_ram.HostBase + X86Layout.LdtAt(place.Ldt), (int)(X86Selectors.LdtLimit + 1) / 8),
            _codeBits,
            segmentBase,
            Resource(trial, variant, X86ResourceId.LdtContent));
        FillGates(place, (int)Resource(trial, variant, X86ResourceId.GateLevel));
        FillTaskState(place, (byte)Resource(trial, variant, X86ResourceId.PortMap));
    }

    private void FillGates(X86Place place, int level)
    {
        byte* idt = _ram.HostBase + X86Layout.IdtAt(place.Idt);
        int gateByteCount = _codeBits == 64 ? 16 : 8;
        for (int vector = 0; vector < 256; vector++)
        {
            // Exceptions are the control program's, but for breakpoint and overflow; of the rest every other one is for users.
            bool isForUsers = vector is 3 or 4 || (vector >= 32 && (vector & 1) == 0);
            int access = 0x8e | (isForUsers ? level << 5 : 0);
            var gate = (ulong*)(idt + (vector * gateByteCount));
            *gate = X86Selectors.Gate(X86Selectors.HandlerCode, X86Layout.Handlers + ((uint)vector * 16), access);
            if (gateByteCount == 16)
            {
                gate[1] = 0;
            }
        }
    }

    private void FillTaskState(X86Place place, byte portMap)
    {
        byte* tss = _ram.HostBase + X86Layout.TssAt(place.Tss);
        new Span<byte>(tss, TssFieldsByteCount).Clear();
        new Span<byte>(tss + TssFieldsByteCount, 0x1000 - TssFieldsByteCount).Fill(portMap);
        tss[0xfff] = 0xff;
        *(ushort*)(tss + 102) = TssFieldsByteCount;
        if (_codeBits == 64)
        {
            *(ulong*)(tss + 4) = X86Layout.HandlerStackEndAt(place.Tss);
        }
        else
        {
            *(uint*)(tss + 4) = X86Layout.HandlerStackEndAt(place.Tss);
            *(uint*)(tss + 8) = X86Selectors.HandlerStack;
        }
    }

    private void SetSystem(X86Trial trial, Variant variant, X86Place place)
    {
        X86State* st = _cpu.State;
        ulong Get(X86ResourceId id) => Resource(trial, variant, id);
        st->Cr0 = ControlBits.Cr0Pe | ControlBits.Cr0Pg | ControlBits.Cr0Et
            | (Get(X86ResourceId.TaskSwitched) * ControlBits.Cr0Ts) | (Get(X86ResourceId.Emulation) * ControlBits.Cr0Em)
            | (Get(X86ResourceId.Monitor) * ControlBits.Cr0Mp) | (Get(X86ResourceId.NumericError) * ControlBits.Cr0Ne)
            | (Get(X86ResourceId.WriteProtect) * ControlBits.Cr0Wp) | (Get(X86ResourceId.AlignmentMask) * ControlBits.Cr0Am)
            | (Get(X86ResourceId.CacheDisable) * ControlBits.Cr0Cd);
        st->Cr2 = Get(X86ResourceId.Cr2);
        st->Cr3 = X86Layout.PageTablesAt(place.Pages);
        st->Cr4 = (_codeBits == 64 ? ControlBits.Cr4Pae : 0) | (_preventsUserInstructions ? ControlBits.Cr4Umip : 0)
            | (Get(X86ResourceId.TimeStampDisable) * ControlBits.Cr4Tsd) | (Get(X86ResourceId.DebugExtensions) * ControlBits.Cr4De)
            | (Get(X86ResourceId.PerformanceCounters) * ControlBits.Cr4Pce) | (Get(X86ResourceId.Osfxsr) * ControlBits.Cr4Osfxsr)
            | (Get(X86ResourceId.Osxmmexcpt) * ControlBits.Cr4Osxmmexcpt) | (Get(X86ResourceId.Osxsave) * ControlBits.Cr4Osxsave)
            | (Get(X86ResourceId.Fsgsbase) * ControlBits.Cr4Fsgsbase) | (Get(X86ResourceId.GlobalPages) * ControlBits.Cr4Pge);
        st->Efer = (Get(X86ResourceId.SyscallEnable) * ControlBits.EferSce) | (_codeBits == 64 ? ControlBits.EferLme | ControlBits.EferLma : 0);
        st->Xcr0 = Get(X86ResourceId.Xcr0);
        st->GdtrBase = X86Layout.GdtAt(place.Gdt);
        st->GdtrLimit = (uint)Get(X86ResourceId.GdtLimit);
        st->IdtrBase = X86Layout.IdtAt(place.Idt);
        st->IdtrLimit = (uint)Get(X86ResourceId.IdtLimit);
        ushort ldt = (ushort)Get(X86ResourceId.Ldtr);
        st->Ldtr = ldt == 0 ? default : Segment(ldt, X86Layout.LdtAt(place.Ldt), X86Selectors.LdtLimit, 0x82);
        st->Tr = Segment((ushort)Get(X86ResourceId.TaskRegister), X86Layout.TssAt(place.Tss), 0xfff, 0x8b);
        st->Dr[0] = Get(X86ResourceId.BreakpointAddresses);
        _cpu.WriteDr(7, Get(X86ResourceId.GeneralDetect) * ControlBits.Dr7Gd);
        st->Star = Get(X86ResourceId.Star);
        st->Lstar = Get(X86ResourceId.Lstar);
        st->Fmask = Get(X86ResourceId.Fmask);
        st->KernelGsBase = Get(X86ResourceId.KernelGsBase);
        st->SysenterCs = Get(X86ResourceId.SysenterCs);
        st->SysenterEsp = Get(X86ResourceId.SysenterEsp);
        st->SysenterEip = Get(X86ResourceId.SysenterEip);
        // Reset has made the counter 0 now.
        st->TscOffset += Get(X86ResourceId.TscOffset);
        st->TscAux = Get(X86ResourceId.TscAux);
        st->Pat = Get(X86ResourceId.Pat);
        st->SpecCtrl = Get(X86ResourceId.SpecCtrl);
        st->MiscEnable = Get(X86ResourceId.MiscEnable);
        st->RandomState = 1974;
        if (variant.IsLater)
        {
            // Other instructions have passed meanwhile, and noise has come in.
            st->RetiredAtBlock += 12345;
            st->RandomState = 2026;
        }
    }

    private void SetProgram(X86Trial trial, Variant variant, X86Place place)
    {
        X86State* st = _cpu.State;
        bool isUser = variant.Mode == ProcessorMode.User;
        uint segmentBase = place.SegmentBase(_codeBits);
        int code = _codeBits == 64 ? 0xa00 : 0xc00;
        st->Cs = Segment((ushort)(X86Selectors.ProgramCode | (isUser ? 3 : 0)), segmentBase, uint.MaxValue, 0x9f | code);
        st->Ss = Segment(isUser ? X86Selectors.UserStack : X86Selectors.SupervisorStack, segmentBase, uint.MaxValue, (isUser ? 0xf3 : 0x93) | 0xc00);
        SegmentRegister data = Segment(X86Selectors.ProgramData, segmentBase, uint.MaxValue, 0xf3 | 0xc00);
        st->Ds = data;
        st->Es = data;
        st->Fs = data;
        st->Gs = data;
        st->Fs.Base += place.LongBase(_codeBits);
        st->Gs.Base += place.LongBase(_codeBits);
        st->Cpl = isUser ? 3 : 0;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = trial.General[i];
        }

        st->Rip = X86Layout.Code;
        _cpu.Rflags = trial.Flags | 2 | (Resource(trial, variant, X86ResourceId.InterruptFlag) * ControlBits.If) | (Resource(trial, variant, X86ResourceId.Iopl) << 12);
        trial.Vector.CopyTo(new Span<ulong>(st->Vector, trial.Vector.Length));
        trial.X87.CopyTo(new Span<ulong>(st->X87, trial.X87.Length));
        st->Fcw = trial.Fcw;
        st->Fsw = trial.Fsw;
        st->Ftw = trial.Ftw;
        st->Mxcsr = 0x1f80;
        _cpu.UpdateMode();
        _cpu.FlushTlb(keepGlobal: false);
    }

    private static SegmentRegister Segment(ushort selector, ulong segmentBase, uint limit, int attributes)
    {
        var segment = new SegmentRegister { Selector = selector, Base = segmentBase, Limit = limit, Attributes = (ushort)attributes };
        segment.UpdateFastLimits();
        return segment;
    }
}
