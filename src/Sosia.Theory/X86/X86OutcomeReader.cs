using System;
using System.Collections.Generic;
using System.Globalization;
using Sosia.Core.Execution;
using Sosia.Core.Memory;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Theory.X86;

/// <summary>Reads what an instruction did, in the terms of the definitions.</summary>
internal sealed unsafe class X86OutcomeReader
{
    private const int GeneralWords = 16;
    private const int FlagsWord = GeneralWords;
    private const int RipWord = FlagsWord + 1;
    private const int VectorAt = RipWord + 1;
    private const int VectorWords = 64;
    private const int X87At = VectorAt + VectorWords;
    private const int X87Words = 16;
    private const int ControlAt = X87At + X87Words;
    private const int ScratchAt = ControlAt + 9;
    private const int ScratchWords = X86Layout.ScratchByteCount / 8;
    private const int StackAt = ScratchAt + ScratchWords;
    private const int StackWords = X86Layout.StackByteCount / 8;
    private const int ProgramWords = StackAt + StackWords;

    // TF, NT, AC and ID are the program's own, as the arithmetic flags and DF are.
    private const ulong ProgramFlags = LazyFlags.All | ControlBits.Tf | ControlBits.Df | ControlBits.Nt | ControlBits.Ac | ControlBits.Id;
    private const ulong ResourceFlags = ControlBits.If | ControlBits.Iopl | ControlBits.Vm | ControlBits.Vif | ControlBits.Vip;

    private const ulong CopyOfCs = 0x1_0000;
    private const ulong CopyOfSs = 0x2_0000;

    private static readonly string[] GeneralNames = ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];
    private static readonly string[] ControlNames = ["FCW", "FSW", "FTW", "FOP", "FIP", "FDP", "FCS", "FDS", "MXCSR"];
    private static readonly string[] SegmentNames = ["ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"];
    private static readonly string[] ResourceNames = CreateResourceNames();
    private static readonly string[] Vectors = ["#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "vector 9", "#TS", "#NP", "#SS", "#GP", "#PF", "vector 15", "#MF", "#AC", "#MC", "#XM"];

    private readonly X86Cpu _cpu;
    private readonly GuestRam _ram;
    private readonly PortRecorder _ports;
    private X86Place _place;

    /// <summary>Creates a reader of a processor.</summary>
    public X86OutcomeReader(X86Cpu cpu, GuestRam ram, PortRecorder ports)
    {
        _cpu = cpu;
        _ram = ram;
        _ports = ports;
    }

    /// <summary>An outcome of the right size.</summary>
    public static Outcome CreateOutcome() => new(ProgramWords, ResourceNames.Length);

    /// <summary>The name of a word of the program's part.</summary>
    public static string NameProgramWord(int index) => index switch
    {
        < GeneralWords => GeneralNames[index],
        FlagsWord => "flags",
        RipWord => "next RIP",
        < X87At => string.Create(CultureInfo.InvariantCulture, $"YMM{(index - VectorAt) / 4}[{(index - VectorAt) % 4}]"),
        < ControlAt => string.Create(CultureInfo.InvariantCulture, $"R{(index - X87At) / 2}[{(index - X87At) % 2}]"),
        < ScratchAt => ControlNames[index - ControlAt],
        < StackAt => string.Create(CultureInfo.InvariantCulture, $"[0x{X86Layout.Scratch + ((index - ScratchAt) * 8):x}]"),
        _ => string.Create(CultureInfo.InvariantCulture, $"[0x{X86Layout.Stack + ((index - StackAt) * 8):x}]"),
    };

    /// <summary>The name of a word of the resources.</summary>
    public static string NameResourceWord(int index) => ResourceNames[index];

    /// <summary>A trap in the manual's words.</summary>
    public static string DescribeTrap(ulong trap)
    {
        int vector = (byte)trap;
        string name = vector < Vectors.Length ? Vectors[vector] : string.Create(CultureInfo.InvariantCulture, $"vector 0x{vector:x}");
        string error = (trap & 0x100) != 0 ? string.Create(CultureInfo.InvariantCulture, $"(0x{(trap >> 16) & 0xffff:x})") : string.Empty;
        return name + error + ((trap >> 48) != 0 ? ", after the instruction" : string.Empty);
    }

    /// <summary>To be called before the instruction, when the state is complete.</summary>
    public void Before(in Variant variant, X86Place place, Outcome outcome)
    {
        _place = place;
        outcome.ModeBefore = variant.Mode;
        ReadResources(outcome.ResourcesBefore);
    }

    /// <summary>To be called after it.</summary>
    public void After(ExitReason reason, Outcome outcome)
    {
        X86State* st = _cpu.State;
        outcome.ModeAfter = st->Cpl == 3 ? ProcessorMode.User : ProcessorMode.Supervisor;
        if (reason == ExitReason.Shutdown)
        {
            outcome.Kind = OutcomeKind.Lost;
        }
        else if (FindHandler(outcome.ModeBefore, out ulong trap, out bool isMemoryTrap))
        {
            outcome.Kind = isMemoryTrap ? OutcomeKind.MemoryTrapped : OutcomeKind.Trapped;
            outcome.Trap = trap;
        }
        else
        {
            outcome.Kind = OutcomeKind.Completed;
            ReadProgram(outcome.Program);
            ReadResources(outcome.ResourcesAfter);
        }
    }

    private static string[] CreateResourceNames()
    {
        var names = new List<string>
        {
            "IF, IOPL", "CR0", "CR2", "CR3", "CR4", "EFER", "XCR0", "GDTR.base", "GDTR.limit", "IDTR.base", "IDTR.limit", "DR0", "DR1", "DR2", "DR3", "DR6", "DR7",
            "STAR", "LSTAR", "CSTAR", "FMASK", "KERNEL_GS_BASE", "SYSENTER_CS", "SYSENTER_ESP", "SYSENTER_EIP", "PAT", "TSC_AUX", "IA32_TSC", "MISC_ENABLE", "SPEC_CTRL",
            "MTRRs", "machine check", "halted", "ports reached", "GDT", "LDT",
        };
        foreach (string segment in SegmentNames)
        {
            names.Add(segment);
            names.Add(segment + ".base");
            names.Add(segment + ".limit");
        }

        return [.. names];
    }

    // A handler was reached if the code segment is the control program's and the address is a vector's: no instruction names that segment, only gates do.
    private bool FindHandler(ProcessorMode mode, out ulong trap, out bool isMemoryTrap)
    {
        X86State* st = _cpu.State;
        trap = 0;
        isMemoryTrap = false;
        ulong offset = st->Rip - X86Layout.Handlers;
        if ((st->Cs.Selector & ~3) != X86Selectors.HandlerCode || offset >= 256 * 16 || offset % 16 != 0)
        {
            return false;
        }

        ulong vector = offset / 16;
        int slot = st->CodeBits == 64 ? 8 : 4;
        byte* frame = FindStack(st->Ss.Base + st->Gpr[4]);
        ushort before = (ushort)(X86Selectors.ProgramCode | (mode == ProcessorMode.User ? 3 : 0));
        // The frame holds RIP, CS and flags, and in front of them an error code or nothing.
        bool hasErrorCode = Slot(frame, slot, 1) != before;
        uint errorCode = hasErrorCode ? (uint)Slot(frame, slot, 0) : 0;
        bool isFault = Slot(frame, slot, hasErrorCode ? 1 : 0) == X86Layout.Code;
        trap = vector | (hasErrorCode ? 0x100u : 0) | ((ulong)(ushort)errorCode << 16) | (isFault ? 0 : 1UL << 48);
        // Pages, the stack's limit, alignment: what depends on the operand's address. A stack fault with a selector is a segment that is not there.
        isMemoryTrap = isFault && (vector is ExceptionVector.PageFault or ExceptionVector.AlignmentCheck || (vector == ExceptionVector.StackFault && errorCode == 0));
        return true;
    }

    private static ulong Slot(byte* frame, int slotByteCount, int index)
        => slotByteCount == 8 ? *(ulong*)(frame + (index * 8)) : *(uint*)(frame + (index * 4));

    // SAFETY: the stack pointer is one that the trap has just pushed to, in one of three areas; anything else is cut to the RAM.
    private byte* FindStack(ulong linear)
    {
        bool isProgram = (uint)linear >= X86Layout.OtherSegmentBase || (uint)linear < X86Layout.ProgramEnd;
        uint offset = (uint)linear >= X86Layout.OtherSegmentBase ? (uint)linear - X86Layout.OtherSegmentBase : (uint)linear;
        uint guestPhysical = isProgram ? offset - X86Layout.FirstProgramPage + X86Layout.ProgramAt(_place.Pages) : (uint)linear;
        return _ram.HostBase + Math.Min(guestPhysical, X86Layout.RamByteCount - 64);
    }

    private void ReadProgram(Span<ulong> words)
    {
        X86State* st = _cpu.State;
        new Span<ulong>(st->Gpr, GeneralWords).CopyTo(words);
        words[FlagsWord] = _cpu.Rflags & ProgramFlags;
        words[RipWord] = st->Rip;
        new Span<ulong>(st->Vector, VectorWords).CopyTo(words[VectorAt..]);
        new Span<ulong>(st->X87, X87Words).CopyTo(words[X87At..]);
        Span<ulong> control = words.Slice(ControlAt, ScratchAt - ControlAt);
        control[0] = st->Fcw;
        control[1] = st->Fsw;
        control[2] = st->Ftw;
        control[3] = st->Fop;
        control[4] = st->Fip;
        control[5] = st->Fdp;
        // The addresses of the last x87 instruction and operand hold copies of CS and SS, and with them of the mode: as with P itself, the mode is not
        // part of the result. What stores them finds the same in both states.
        control[6] = st->Fcs == st->Cs.Selector ? CopyOfCs : st->Fcs;
        control[7] = st->Fds == st->Ss.Selector ? CopyOfSs : st->Fds;
        control[8] = st->Mxcsr;
        byte* program = _ram.HostBase + X86Layout.ProgramAt(_place.Pages) - X86Layout.FirstProgramPage;
        new Span<ulong>(program + X86Layout.Scratch, ScratchWords).CopyTo(words[ScratchAt..]);
        new Span<ulong>(program + X86Layout.Stack, StackWords).CopyTo(words[StackAt..]);
    }

    private void ReadResources(Span<ulong> words)
    {
        X86State* st = _cpu.State;
        int count = 0;
        words[count++] = st->SystemFlags & ResourceFlags;
        words[count++] = st->Cr0;
        words[count++] = st->Cr2;
        words[count++] = st->Cr3;
        words[count++] = st->Cr4;
        words[count++] = st->Efer;
        words[count++] = st->Xcr0;
        words[count++] = st->GdtrBase;
        words[count++] = st->GdtrLimit;
        words[count++] = st->IdtrBase;
        words[count++] = st->IdtrLimit;
        for (int i = 0; i < 8; i++)
        {
            if (i is not (4 or 5))
            {
                words[count++] = st->Dr[i];
            }
        }

        words[count++] = st->Star;
        words[count++] = st->Lstar;
        words[count++] = st->Cstar;
        words[count++] = st->Fmask;
        words[count++] = st->KernelGsBase;
        words[count++] = st->SysenterCs;
        words[count++] = st->SysenterEsp;
        words[count++] = st->SysenterEip;
        words[count++] = st->Pat;
        words[count++] = st->TscAux;
        words[count++] = st->TscOffset;
        words[count++] = st->MiscEnable;
        words[count++] = st->SpecCtrl;
        words[count++] = Hash(new ReadOnlySpan<ulong>(st->MtrrFixed, 11)) ^ Hash(new ReadOnlySpan<ulong>(st->MtrrVariable, 16)) ^ st->MtrrDefType;
        words[count++] = st->MachineCheckStatus ^ st->MachineCheckControl ^ Hash(new ReadOnlySpan<ulong>(st->MachineCheckBankControl, X86Cpu.MachineCheckBankCount));
        words[count++] = st->Halted;
        words[count++] = (ulong)_ports.Accesses;
        words[count++] = Hash(new ReadOnlySpan<ulong>(_ram.HostBase + X86Layout.GdtAt(_place.Gdt), (int)(X86Selectors.GdtLimit + 1) / 8));
        words[count++] = Hash(new ReadOnlySpan<ulong>(_ram.HostBase + X86Layout.LdtAt(_place.Ldt), (int)(X86Selectors.LdtLimit + 1) / 8));
        SegmentRegister* segments = &st->Es;
        for (int i = 0; i < SegmentNames.Length; i++)
        {
            words[count++] = segments[i].Selector | ((ulong)segments[i].Attributes << 16);
            words[count++] = segments[i].Base;
            words[count++] = segments[i].Limit;
        }
    }

    private static ulong Hash(ReadOnlySpan<ulong> words)
    {
        ulong hash = 0xcbf2_9ce4_8422_2325;
        foreach (ulong word in words)
        {
            hash = (hash ^ word) * 0x100_0000_01b3;
        }

        return hash;
    }
}
