using System;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Core.Snapshots;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Save and restore of everything architectural.</content>
public sealed unsafe partial class X86Cpu
{
    /// <inheritdoc/>
    public string SnapshotName => $"cpu{Index}";

    /// <inheritdoc/>
    public int SnapshotVersion => 3;

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        X86State* st = State;
        WriteArray(writer, "gpr", st->Gpr, 16);
        WriteArray(writer, "dr", st->Dr, 8);
        WriteArray(writer, "pdpte", st->Pdpte, 4);
        WriteArray(writer, "mtrr-fixed", st->MtrrFixed, 11);
        WriteArray(writer, "mtrr-variable", st->MtrrVariable, 16);
        WriteArray(writer, "machine-check-bank-control", st->MachineCheckBankControl, MachineCheckBankCount);
        WriteArray(writer, "x87", st->X87, 16);
        WriteArray(writer, "vector", st->Vector, 64);
        SaveSegment(writer, "es", st->Es);
        SaveSegment(writer, "cs", st->Cs);
        SaveSegment(writer, "ss", st->Ss);
        SaveSegment(writer, "ds", st->Ds);
        SaveSegment(writer, "fs", st->Fs);
        SaveSegment(writer, "gs", st->Gs);
        SaveSegment(writer, "ldtr", st->Ldtr);
        SaveSegment(writer, "tr", st->Tr);
        writer.Write("rip", st->Rip);
        writer.Write("rflags", Rflags);
        writer.Write("retired", RetiredInstructions);
        long retired = RetiredInstructions;
        writer.Write("interrupt-shadow", _shadowAt == retired);
        writer.Write("shadow-hides-debug", _shadowHidesDebug);
        writer.Write("resume-flag-live", IsResumeFlagLive);
        writer.Write("step-is-due", _stepFrom >= 0 && retired > _stepFrom);
        // A kick belongs to the run that was interrupted, not to the machine.
        writer.Write("pending-events", (long)(st->PendingEvents & ~(int)PendingEvent.Kick));
        writer.Write("pending-debug", st->PendingDebugBits);
        writer.Write("startup-vector", (long)_startupVector);
        writer.Write("cpl", (long)st->Cpl);
        writer.Write("gdtr-base", st->GdtrBase);
        writer.Write("gdtr-limit", (long)st->GdtrLimit);
        writer.Write("idtr-base", st->IdtrBase);
        writer.Write("idtr-limit", (long)st->IdtrLimit);
        writer.Write("cr0", st->Cr0);
        writer.Write("cr2", st->Cr2);
        writer.Write("cr3", st->Cr3);
        writer.Write("cr4", st->Cr4);
        writer.Write("efer", st->Efer);
        writer.Write("xcr0", st->Xcr0);
        writer.Write("star", st->Star);
        writer.Write("lstar", st->Lstar);
        writer.Write("cstar", st->Cstar);
        writer.Write("fmask", st->Fmask);
        writer.Write("kernel-gs-base", st->KernelGsBase);
        writer.Write("sysenter-cs", st->SysenterCs);
        writer.Write("sysenter-esp", st->SysenterEsp);
        writer.Write("sysenter-eip", st->SysenterEip);
        writer.Write("pat", st->Pat);
        writer.Write("tsc-aux", st->TscAux);
        writer.Write("tsc-offset", st->TscOffset);
        writer.Write("misc-enable", st->MiscEnable);
        writer.Write("spec-ctrl", st->SpecCtrl);
        writer.Write("mtrr-def-type", st->MtrrDefType);
        writer.Write("machine-check-status", st->MachineCheckStatus);
        writer.Write("machine-check-control", st->MachineCheckControl);
        writer.Write("fcw", (long)st->Fcw);
        writer.Write("fsw", (long)st->Fsw);
        writer.Write("ftw", (long)st->Ftw);
        writer.Write("fop", (long)st->Fop);
        writer.Write("fcs", (long)st->Fcs);
        writer.Write("fds", (long)st->Fds);
        writer.Write("fip", st->Fip);
        writer.Write("fdp", st->Fdp);
        writer.Write("mxcsr", (long)st->Mxcsr);
        writer.Write("vector-in-use", (long)st->VectorInUse);
        writer.Write("halted", (long)st->Halted);
        writer.Write("wait-for-sipi", (long)st->WaitForSipi);
        writer.Write("nmi-blocked", (long)st->NmiBlocked);
        writer.Write("shut-down", (long)st->ShutDown);
        writer.Write("a20-mask", st->A20Mask);
        writer.Write("random", st->RandomState);
        writer.Write("tsc-kilohertz", (long)TscKilohertz);
        writer.Write("hidden-cpuid", MemoryMarshal.AsBytes<HiddenCpuidBits>(HiddenCpuid));
        SaveParavirtual(writer);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        const int FirstReadable = 2;
        if (reader.Version < FirstReadable || reader.Version > SnapshotVersion)
        {
            throw new SosiaException($"The snapshot's section '{SnapshotName}' has version {reader.Version}; this build reads versions {FirstReadable} to {SnapshotVersion}.");
        }

        X86State* st = State;
        ReadArray(reader, "gpr", st->Gpr, 16);
        ReadArray(reader, "dr", st->Dr, 8);
        ReadArray(reader, "pdpte", st->Pdpte, 4);
        ReadArray(reader, "mtrr-fixed", st->MtrrFixed, 11);
        ReadArray(reader, "mtrr-variable", st->MtrrVariable, 16);
        ReadArray(reader, "machine-check-bank-control", st->MachineCheckBankControl, MachineCheckBankCount);
        ReadArray(reader, "x87", st->X87, 16);
        ReadArray(reader, "vector", st->Vector, 64);
        RestoreSegment(reader, "es", ref st->Es);
        RestoreSegment(reader, "cs", ref st->Cs);
        RestoreSegment(reader, "ss", ref st->Ss);
        RestoreSegment(reader, "ds", ref st->Ds);
        RestoreSegment(reader, "fs", ref st->Fs);
        RestoreSegment(reader, "gs", ref st->Gs);
        RestoreSegment(reader, "ldtr", ref st->Ldtr);
        RestoreSegment(reader, "tr", ref st->Tr);
        st->Rip = reader.ReadUInt64("rip");
        Rflags = reader.ReadUInt64("rflags");
        st->CurrentOp = null;
        st->RetiredAtBlock = reader.ReadInt64("retired");
        _shadowAt = reader.ReadBoolean("interrupt-shadow") ? st->RetiredAtBlock : -1;
        _shadowHidesDebug = reader.ReadBoolean("shadow-hides-debug");
        _resumeFlagAt = reader.ReadBoolean("resume-flag-live") ? st->RetiredAtBlock : -1;
        _stepFrom = reader.ReadBoolean("step-is-due") ? st->RetiredAtBlock - 1 : -1;
        st->PendingEvents = reader.ReadInt32("pending-events");
        st->PendingDebugBits = reader.ReadUInt64("pending-debug");
        _startupVector = reader.ReadByte("startup-vector");
        st->Cpl = reader.ReadInt32("cpl");
        st->GdtrBase = reader.ReadUInt64("gdtr-base");
        st->GdtrLimit = reader.ReadUInt32("gdtr-limit");
        st->IdtrBase = reader.ReadUInt64("idtr-base");
        st->IdtrLimit = reader.ReadUInt32("idtr-limit");
        st->Cr0 = reader.ReadUInt64("cr0");
        st->Cr2 = reader.ReadUInt64("cr2");
        st->Cr3 = reader.ReadUInt64("cr3");
        st->Cr4 = reader.ReadUInt64("cr4");
        st->Efer = reader.ReadUInt64("efer");
        st->Xcr0 = reader.ReadUInt64("xcr0");
        st->Star = reader.ReadUInt64("star");
        st->Lstar = reader.ReadUInt64("lstar");
        st->Cstar = reader.ReadUInt64("cstar");
        st->Fmask = reader.ReadUInt64("fmask");
        st->KernelGsBase = reader.ReadUInt64("kernel-gs-base");
        st->SysenterCs = reader.ReadUInt64("sysenter-cs");
        st->SysenterEsp = reader.ReadUInt64("sysenter-esp");
        st->SysenterEip = reader.ReadUInt64("sysenter-eip");
        st->Pat = reader.ReadUInt64("pat");
        st->TscAux = reader.ReadUInt64("tsc-aux");
        st->TscOffset = reader.ReadUInt64("tsc-offset");
        st->MiscEnable = reader.ReadUInt64("misc-enable");
        st->SpecCtrl = reader.ReadUInt64("spec-ctrl");
        st->MtrrDefType = reader.ReadUInt64("mtrr-def-type");
        st->MachineCheckStatus = reader.ReadUInt64("machine-check-status");
        st->MachineCheckControl = reader.ReadUInt64("machine-check-control");
        st->Fcw = reader.ReadUInt16("fcw");
        st->Fsw = reader.ReadUInt16("fsw");
        st->Ftw = reader.ReadByte("ftw");
        st->Fop = reader.ReadUInt16("fop");
        st->Fcs = reader.ReadUInt16("fcs");
        st->Fds = reader.ReadUInt16("fds");
        st->Fip = reader.ReadUInt64("fip");
        st->Fdp = reader.ReadUInt64("fdp");
        st->Mxcsr = reader.ReadUInt32("mxcsr");
        st->VectorInUse = reader.ReadUInt32("vector-in-use");
        st->Halted = reader.ReadByte("halted");
        st->WaitForSipi = reader.ReadByte("wait-for-sipi");
        st->NmiBlocked = reader.ReadByte("nmi-blocked");
        st->ShutDown = reader.ReadByte("shut-down");
        st->A20Mask = reader.ReadUInt64("a20-mask");
        st->RandomState = reader.ReadUInt64("random");
        _tscKilohertz = reader.Version >= 3 ? Math.Clamp(reader.ReadInt32("tsc-kilohertz"), MinTscKilohertz, MaxTscKilohertz) : UsualTscKilohertz;
        RestoreHiddenCpuid(reader);
        RestoreParavirtual(reader);
        st->Exit = BlockExit.None;
        UpdateDebug();
        UpdateMode();
        MemoryMapChanged();
    }

    private void RestoreHiddenCpuid(SnapshotReader reader)
    {
        if (reader.Version >= 3)
        {
            ReadOnlySpan<byte> bytes = reader.ReadBytes("hidden-cpuid");
            HiddenCpuid = bytes.Length % sizeof(HiddenCpuidBits) == 0
                ? MemoryMarshal.Cast<byte, HiddenCpuidBits>(bytes).ToArray()
                : throw new SosiaException($"The snapshot's section '{SnapshotName}' is damaged.");
        }
    }

    private static void WriteArray(SnapshotWriter writer, string name, ulong* values, int count)
        => writer.Write(name, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(values, count)));

    private static void ReadArray(SnapshotReader reader, string name, ulong* values, int count)
        => reader.ReadBytes(name, MemoryMarshal.AsBytes(new Span<ulong>(values, count)));

    private static void SaveSegment(SnapshotWriter writer, string name, in SegmentRegister segment)
    {
        writer.Write(name + "-selector", (long)segment.Selector);
        writer.Write(name + "-base", segment.Base);
        writer.Write(name + "-limit", (long)segment.Limit);
        writer.Write(name + "-attributes", (long)segment.Attributes);
    }

    private static void RestoreSegment(SnapshotReader reader, string name, ref SegmentRegister segment)
    {
        segment.Selector = reader.ReadUInt16(name + "-selector");
        segment.Base = reader.ReadUInt64(name + "-base");
        segment.Limit = reader.ReadUInt32(name + "-limit");
        segment.Attributes = reader.ReadUInt16(name + "-attributes");
        segment.UpdateFastLimits();
    }
}
