using System;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;

namespace Sosia.Engines.Kvm;

/// <summary>Moves a processor's time-stamp counter between our clock and KVM's.</summary>
/// <remarks>
/// A plain write of the register is not enough: KVM takes a value that lies within a second of the last one written, plus the time since, for an attempt to
/// synchronize processors, and keeps the old offset (Linux, arch/x86/kvm/x86.c, kvm_synchronize_tsc). A machine that is restored in the first second of its life would lose time so.
/// </remarks>
internal sealed unsafe class TscTransfer
{
    // Far from every value that a guest's counter has, and then back: no longer within a second.
    private const ulong FarAway = 1UL << 61;

    private readonly X86Cpu _cpu;
    private readonly KvmVcpu _vcpu;
    private readonly CommonTscOffset _common;

    public TscTransfer(X86Cpu cpu, KvmVcpu vcpu, CommonTscOffset common)
    {
        _cpu = cpu;
        _vcpu = vcpu;
        _common = common;
    }

    /// <summary>KVM's counter goes on where ours stands.</summary>
    public void Push()
    {
        ulong wanted = _cpu.TimeStampCounter;
        if (_vcpu.TryGetTscOffset(out ulong offset) && TryRead(out ulong value))
        {
            // Processors that differ by less than moving them takes are meant to be equal.
            _vcpu.SetTscOffset(_common.Fit(offset + (wanted - value), (ulong)_cpu.TscKilohertz / 10));
            return;
        }

        _ = _vcpu.SetMsrs([new KvmMsrEntry(Msr.TimeStampCounter, wanted + FarAway)]);
        _ = _vcpu.SetMsrs([new KvmMsrEntry(Msr.TimeStampCounter, wanted)]);
    }

    /// <summary>Our counter goes on where KVM's stands. It never goes back by that.</summary>
    public void Pull()
    {
        ulong before = _cpu.TimeStampCounter;
        if (TryRead(out ulong value))
        {
            _cpu.State->TscOffset += value - before;
        }
    }

    private bool TryRead(out ulong value)
    {
        Span<KvmMsrEntry> entry = [new KvmMsrEntry(Msr.TimeStampCounter, 0)];
        bool exists = _vcpu.GetMsrs(entry) == 1;
        value = entry[0].Value;
        return exists;
    }
}
