using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Host.Linux.Files;
using Sosia.Isa.X86;

namespace Sosia.Theory.Host;

/// <summary>Finds out, by trying, what this host offers to whoever wants to run guest code directly in a process.</summary>
internal sealed class HostFacilities
{
    private const ulong LocalTableSelector = 7;
    private const uint Interrupt80ErrorCode = (0x80 << 3) | 2;

    // struct user_desc: entry 0 becomes flat 32-bit code at privilege level 3 (seg_32bit, contents 2, limit_in_pages, useable).
    private const uint LocalCodeFlags = 1 | (2 << 1) | (1 << 4) | (1 << 6);

    private readonly NativeProbe _probe;
    private readonly List<HostFacility> _found = [];

    public HostFacilities(NativeProbe probe)
    {
        _probe = probe;
    }

    /// <summary>Whether 32-bit code runs, so that its instructions can be asked about.</summary>
    public bool HasCompatibilityCode { get; private set; }

    /// <summary>Whether the kernel answers the five instructions of UMIP with fixed values.</summary>
    public bool FakesTables { get; private set; }

    /// <summary>Asks for all of them.</summary>
    public IReadOnlyList<HostFacility> Find()
    {
        AddConfinement();
        AddSystemCalls();
        AddCpuid();
        AddTimeStamp();
        AddUmip();
        AddSegmentBases();
        AddLocalTable();
        AddCompatibilityCode();
        return _found;
    }

    private void AddConfinement()
    {
        SnippetOutcome outcome = Run("nop", [0x90]);
        bool works = outcome.End == SnippetEnd.Completed;
        Add("confined process", works, works
            ? "A program that exists in memory only (memfd) was started by posix_spawn, took no privileges, and confined itself by seccomp."
            : $"A confined process cannot be set up: {outcome.Problem ?? OutcomeText.End(outcome)}.");
    }

    private void AddSystemCalls()
    {
        Snippet syscall = SnippetMaker.FromBytes("syscall", [0x0f, 0x05]);
        SnippetOutcome outcome = _probe.Run(syscall);
        // The kernel's answer would be in RAX.
        bool isCaught = outcome.SystemCallNumber >= 0 && outcome.Registers!.General[0] == syscall.Registers.General[0];
        Add("SYSCALL", isCaught, isCaught
            ? $"Is stopped by the filter before the kernel does anything (SIGSYS for call {outcome.SystemCallNumber}, and RAX is as before)."
            : $"Is not stopped by the filter: {OutcomeText.End(outcome)}.");
        outcome = Run("int 0x80", [0xcd, 0x80]);
        isCaught = outcome.SystemCallNumber >= 0;
        Add("INT 80h", isCaught || outcome.End == SnippetEnd.Trapped, isCaught ? "Enters the kernel as a 32-bit system call, which the filter stops."
            : outcome is { End: SnippetEnd.Trapped, ErrorCode: Interrupt80ErrorCode } ? "Traps like every other interrupt: this kernel has no 32-bit system calls."
            : $"{Capitalize(OutcomeText.End(outcome))}.");
        outcome = Run("sysenter", [0x0f, 0x34]);
        isCaught = outcome.SystemCallNumber >= 0;
        Add("SYSENTER", isCaught || outcome.End == SnippetEnd.Trapped, isCaught ? "Enters the kernel as a 32-bit system call, which the filter stops."
            : outcome.Vector == ExceptionVector.InvalidOpcode ? "Is undefined in 64-bit mode on this processor (#UD)."
            : $"{Capitalize(OutcomeText.End(outcome))}.");
    }

    private void AddCpuid()
    {
        SnippetOutcome outcome = Run("cpuid", [0x0f, 0xa2], new CellCall(LinuxCall.ArchPrctl, LinuxCall.SetCpuid, 0));
        long result = outcome.Requests[0];
        bool traps = outcome.End == SnippetEnd.Trapped;
        Add("CPUID faulting", traps, traps ? "CPUID traps when a process asks for it (arch_prctl ARCH_SET_CPUID)."
            : result < 0 ? $"The host refuses to let CPUID trap (ARCH_SET_CPUID: {Error(result)}): guest code sees the host's processor."
            : "The host promises to let CPUID trap (ARCH_SET_CPUID), but it answers all the same.");
    }

    private void AddTimeStamp()
    {
        SnippetOutcome outcome = Run("rdtsc", [0x0f, 0x31], new CellCall(LinuxCall.Prctl, LinuxCall.SetTsc, LinuxCall.TscSignals));
        long result = outcome.Requests[0];
        bool traps = outcome.End == SnippetEnd.Trapped;
        Add("RDTSC trapping", traps, traps ? "RDTSC traps when a process asks for it (prctl PR_SET_TSC)."
            : result < 0 ? $"The host refuses to let RDTSC trap (PR_SET_TSC: {Error(result)})."
            : "The host promises to let RDTSC trap (PR_SET_TSC), but the counter is read all the same.");
    }

    private void AddUmip()
    {
        // SGDT and SIDT to the operand's place, ten bytes each.
        Snippet sgdt = SnippetMaker.FromBytes("sgdt [rbp]", [0x0f, 0x01, 0x45, 0x00]);
        SnippetOutcome outcome = _probe.Run(sgdt);
        bool traps = outcome.End == SnippetEnd.Trapped;
        FakesTables = outcome.End == SnippetEnd.Completed && IsDummy(outcome.Data!, 0xffff_ffff_fffe_0000);
        string announced = HostProcessor.AnnouncesUmip ? "is announced" : "is not announced";
        Add("UMIP", traps || FakesTables, traps ? $"CPUID says that it {announced}; SGDT traps, so a monitor can answer it."
            : FakesTables ? $"CPUID says that it {announced}; the kernel answers SGDT and its kin with fixed values, so that neither the host shows nor a monitor is asked."
            : $"CPUID says that it {announced}; SGDT stores the host's real table register.");
    }

    private void AddSegmentBases()
    {
        SnippetOutcome outcome = Run("rdfsbase rax", [0xf3, 0x48, 0x0f, 0xae, 0xc0]);
        bool works = outcome.End == SnippetEnd.Completed;
        Add("FSGSBASE", works, works ? "RDFSBASE and its kin work in user mode: segment bases are saved and loaded without the kernel." : $"RDFSBASE raises {OutcomeText.End(outcome)}: segment bases need the kernel.");
    }

    private void AddLocalTable()
    {
        Snippet plain = SnippetMaker.FromBytes("lar eax, ecx", [0xb9, (byte)LocalTableSelector, 0, 0, 0, 0x0f, 0x02, 0xc1]);
        SnippetOutcome outcome = _probe.Run(WithLocalCode(plain));
        // LAR sets ZF where the selector names a descriptor.
        bool works = outcome.End == SnippetEnd.Completed && (outcome.Registers!.Rflags & 0x40) != 0;
        Add("LDT", works, works ? "A process may have descriptors of its own (modify_ldt)."
            : outcome.Requests[0] < 0 ? $"The host gives a process no descriptors of its own (modify_ldt: {Error(outcome.Requests[0])})."
            : "The host takes a process's descriptors (modify_ldt), but the processor does not see them.");
    }

    private void AddCompatibilityCode()
    {
        SnippetOutcome outcome = _probe.Run(SnippetMaker.FromBytes("nop", [0x90], codeBits: 32));
        HasCompatibilityCode = outcome.End == SnippetEnd.Completed;
        Add("32-bit code", HasCompatibilityCode, HasCompatibilityCode
            ? "A process may run 32-bit code (compatibility mode, selector 0x23)."
            : $"No 32-bit code runs here: {outcome.Problem ?? OutcomeText.End(outcome)}.");
    }

    private static Snippet WithLocalCode(Snippet snippet)
    {
        const int At = 0x1000;
        BinaryPrimitives.WriteUInt32LittleEndian(snippet.Data.AsSpan(At), 0);
        BinaryPrimitives.WriteUInt32LittleEndian(snippet.Data.AsSpan(At + 4), 0);
        BinaryPrimitives.WriteUInt32LittleEndian(snippet.Data.AsSpan(At + 8), 0xf_ffff);
        BinaryPrimitives.WriteUInt32LittleEndian(snippet.Data.AsSpan(At + 12), LocalCodeFlags);
        return new Snippet
        {
            Text = snippet.Text,
            Code = snippet.Code,
            CodeBits = snippet.CodeBits,
            Registers = snippet.Registers,
            Data = snippet.Data,
            Requests = [new CellCall(LinuxCall.ModifyLdt, 1, CellLayout.Data + At, 16)],
        };
    }

    // Linux's answer under UMIP: limit 0 and a base where nothing is.
    internal static bool IsDummy(byte[] data, ulong tableBase)
    {
        ReadOnlySpan<byte> image = data.AsSpan((int)(CellLayout.Operand - CellLayout.Data));
        return BinaryPrimitives.ReadUInt16LittleEndian(image) == 0 && BinaryPrimitives.ReadUInt64LittleEndian(image[2..]) == tableBase;
    }

    private SnippetOutcome Run(string text, byte[] code, params CellCall[] requests) => _probe.Run(SnippetMaker.FromBytes(text, code, 64, requests));

    private void Add(string name, bool isThere, string finding) => _found.Add(new HostFacility(name, isThere, finding));

    private static string Error(long result) => HostError.Describe((int)-result);

    private static string Capitalize(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
