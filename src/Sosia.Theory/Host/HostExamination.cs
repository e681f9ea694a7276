using System;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;

namespace Sosia.Theory.Host;

/// <summary>Asks processor and table about one instruction after the other and compares what they say.</summary>
internal sealed class HostExamination : IDisposable
{
    private const ulong Resources = ControlBits.If | ControlBits.Iopl;
    private const uint GateErrorFlags = 2;

    private readonly NativeProbe _silicon;
    private readonly MachineProbe _table;
    private readonly MachineProbe _otherTable;
    private readonly bool _kernelFakesTables;

    /// <summary>Creates an examination.</summary>
    /// <param name="silicon">Asks the processor.</param>
    /// <param name="kernelFakesTables">Whether the kernel answers UMIP's faults with fixed values.</param>
    public HostExamination(NativeProbe silicon, bool kernelFakesTables)
    {
        _silicon = silicon;
        _kernelFakesTables = kernelFakesTables;
        _table = new MachineProbe(new Engines.Interpreter.InterpreterEngine());
        _otherTable = new MachineProbe(new Engines.Interpreter.InterpreterEngine(), isOther: true);
    }

    /// <summary>Asks about an instruction in user mode.</summary>
    public HostFinding Examine(Snippet snippet) => Compare(snippet, _silicon.Run(snippet));

    /// <summary>Compares what the processor did in user mode with the table.</summary>
    internal HostFinding Compare(Snippet snippet, SnippetOutcome silicon)
    {
        SnippetOutcome table = _table.Run(snippet, privilegeLevel: 3);
        SnippetOutcome underUmip = _table.Run(snippet, privilegeLevel: 3, umip: true);
        HostVerdict verdict = VerdictOf(snippet, silicon, table, underUmip);
        (HostAgreement agreement, string explanation) = AgreementOf(snippet, silicon, table, underUmip);
        string value = silicon.IsSilent ? OutcomeText.Changes(snippet, silicon) : silicon.Problem ?? OutcomeText.End(silicon);
        return new HostFinding(snippet, silicon, table, underUmip, verdict, value, agreement, explanation);
    }

    /// <summary>Compares what a processor did at privilege level 0 with the table.</summary>
    internal Ring0Finding CompareRing0(Snippet snippet, SnippetOutcome silicon)
    {
        SnippetOutcome table = _table.Run(snippet, privilegeLevel: 0);
        if (silicon.End == SnippetEnd.NotStarted)
        {
            return new Ring0Finding(snippet, silicon, table, HostAgreement.Unknown, $"The processor was not asked: {silicon.Problem}.");
        }

        if (OutcomeText.EndsAlike(silicon, table))
        {
            bool isSame = !silicon.IsSilent || OutcomeText.LooksAlike(silicon, table, withSelectors: true);
            return new Ring0Finding(snippet, silicon, table, isSame ? HostAgreement.Same : HostAgreement.SameWithOtherValues, string.Empty);
        }

        string explanation = ExplainRing0(snippet, silicon, table);
        return new Ring0Finding(snippet, silicon, table, explanation.Length == 0 ? HostAgreement.Different : HostAgreement.Explained, explanation);
    }

    // What KVM takes from the processor, it answers itself.
    private static string ExplainRing0(Snippet snippet, SnippetOutcome silicon, SnippetOutcome table)
        => snippet.Row?.Mnemonic == "rdpmc" && silicon.End == SnippetEnd.Completed
            ? "KVM answers RDPMC itself, also where it has no counter; the table has none and faults."
            : Explain(snippet, silicon, table);

    /// <inheritdoc/>
    public void Dispose()
    {
        _table.Dispose();
        _otherTable.Dispose();
    }

    private HostVerdict VerdictOf(Snippet snippet, SnippetOutcome silicon, SnippetOutcome table, SnippetOutcome underUmip)
    {
        switch (silicon.End)
        {
            case SnippetEnd.Trapped:
                return IsMissing(snippet, silicon, table) ? HostVerdict.NotThere : HostVerdict.Traps;
            case SnippetEnd.EnteredKernel:
                return HostVerdict.EntersKernel;
            case SnippetEnd.TimedOut:
                return HostVerdict.TimedOut;
            case SnippetEnd.Died:
                return HostVerdict.Died;
            case SnippetEnd.NotStarted:
                return HostVerdict.NotAsked;
            default:
                break;
        }

        if (_kernelFakesTables && table.IsSilent && !underUmip.IsSilent)
        {
            return HostVerdict.Fakes;
        }

        SnippetOutcome privileged = _table.Run(snippet, privilegeLevel: 0);
        ulong before = snippet.Registers.Rflags & Resources;
        if (privileged is { IsSilent: true, Registers: { } changed } && (changed.Rflags & Resources) != before && (silicon.Registers!.Rflags & Resources) == before)
        {
            return HostVerdict.SilentlyIgnored;
        }

        SnippetOutcome elsewhere = _otherTable.Run(snippet, privilegeLevel: 3);
        return OutcomeText.EndsAlike(table, elsewhere) && OutcomeText.LooksAlike(table, elsewhere, withSelectors: false) ? HostVerdict.Completes : HostVerdict.Reveals;
    }

    private (HostAgreement Agreement, string Explanation) AgreementOf(Snippet snippet, SnippetOutcome silicon, SnippetOutcome table, SnippetOutcome underUmip)
    {
        if (silicon.End == SnippetEnd.NotStarted)
        {
            return (HostAgreement.Unknown, string.Empty);
        }

        if (OutcomeText.EndsAlike(silicon, table))
        {
            bool isFake = _kernelFakesTables && silicon.IsSilent && !underUmip.IsSilent;
            return isFake ? (HostAgreement.Explained, "The processor's UMIP fault goes to the kernel, which answers with fixed values; the program sees neither the fault nor the machine.")
                : !silicon.IsSilent || OutcomeText.LooksAlike(silicon, table, withSelectors: true) ? (HostAgreement.Same, string.Empty)
                : (HostAgreement.SameWithOtherValues, string.Empty);
        }

        if (OutcomeText.EndsAlike(silicon, underUmip))
        {
            return (HostAgreement.SameUnderUmip, "This host has UMIP on, and passes the fault on.");
        }

        string explanation = Explain(snippet, silicon, table);
        return (explanation.Length == 0 ? HostAgreement.Different : HostAgreement.Explained, explanation);
    }

    private static string Explain(Snippet snippet, SnippetOutcome silicon, SnippetOutcome table)
    {
        string mnemonic = snippet.Row?.Mnemonic ?? string.Empty;
        bool isUndefined = silicon is { End: SnippetEnd.Trapped, Vector: ExceptionVector.InvalidOpcode };
        if (isUndefined && HostProcessor.IsAmd && mnemonic is "sysenter" or "sysexit")
        {
            return "AMD's processors have no SYSENTER and SYSEXIT in long mode; the table is Intel's.";
        }

        if (mnemonic == "syscall" && snippet.CodeBits == 32 && HostProcessor.IsAmd)
        {
            return "AMD's processors have SYSCALL in compatibility mode; the table is Intel's.";
        }

        if (silicon is { End: SnippetEnd.Trapped, Vector: ExceptionVector.GeneralProtection } && table.End == SnippetEnd.EnteredKernel
            && table.Vector >= ProbeKernel.ExceptionCount && silicon.ErrorCode == (((uint)table.Vector << 3) | GateErrorFlags))
        {
            return "The table's machine has a gate for 32-bit system calls, as most Linux kernels have; this host's kernel has none.";
        }

        if (isUndefined && snippet.Row is { } row && !Announces(row.Feature))
        {
            return $"The host's processor does not announce {row.Feature}.";
        }

        // The operand or far pointer names a selector of Linux's table.
        bool isSelector = silicon is { End: SnippetEnd.Trapped, Vector: ExceptionVector.GeneralProtection or ExceptionVector.SegmentNotPresent, ErrorCode: not 0 } && table.IsSilent;
        return isSelector ? $"The host's descriptor table has no usable selector 0x{silicon.ErrorCode:x}, the table's machine has." : string.Empty;
    }

    // CLAC and STAC are undefined in user mode where they exist, too: that is a trap like any other.
    private static bool IsMissing(Snippet snippet, SnippetOutcome silicon, SnippetOutcome table)
        => silicon.Vector == ExceptionVector.InvalidOpcode && !(OutcomeText.EndsAlike(silicon, table) && (snippet.Row is null || Announces(snippet.Row.Feature)));

    private static bool Announces(CpuFeature feature) => feature switch
    {
        CpuFeature.Smap => HostProcessor.AnnouncesSmap,
        CpuFeature.Invpcid => HostProcessor.AnnouncesInvpcid,
        CpuFeature.Rdtscp => HostProcessor.AnnouncesRdtscp,
        CpuFeature.Fsgsbase => HostProcessor.AnnouncesFsgsbase,
        CpuFeature.Xsave => HostProcessor.AnnouncesXsave,
        CpuFeature.Xsaveopt => HostProcessor.AnnouncesXsaveopt,
        CpuFeature.Xsavec => HostProcessor.AnnouncesXsavec,
        _ => true,
    };
}
