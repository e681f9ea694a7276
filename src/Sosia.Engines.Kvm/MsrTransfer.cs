using System;
using System.Collections.Generic;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;

namespace Sosia.Engines.Kvm;

/// <summary>Moves the model-specific registers that KVM keeps while the guest runs. The others stay ours: their accesses come back as exits.</summary>
internal sealed class MsrTransfer
{
    /// <summary>
    /// Registers that stay ours, where KVM lets us choose: those that our processor has otherwise than KVM's, and which have no effect on how the guest's code
    /// runs. First register and how many.
    /// </summary>
    public static readonly (uint First, int Count)[] Ours =
    [
        (Msr.PlatformId, 1), (Msr.FeatureControl, 1), (Msr.BiosSignature, 1), (Msr.MiscEnable, 1), (Msr.MachineCheckCap, 3), (Msr.MachineCheckBanksFirst, 128),
    ];

    /// <summary>Also ours while the local APIC is.</summary>
    public static readonly (uint First, int Count)[] OursWithApic = [(Msr.TscDeadline, 1)];

    private readonly X86Cpu _cpu;
    private readonly KvmVcpu _vcpu;
    private readonly TscTransfer _tsc;
    private readonly List<uint> _indexes = [];
    private KvmMsrEntry[] _entries = [];

    /// <param name="cpu">Our processor.</param>
    /// <param name="vcpu">KVM's.</param>
    /// <param name="known">The registers that KVM can read and write from outside.</param>
    /// <param name="tscOffset">The one of all processors of the machine.</param>
    public MsrTransfer(X86Cpu cpu, KvmVcpu vcpu, IReadOnlySet<uint> known, CommonTscOffset tscOffset)
    {
        _cpu = cpu;
        _vcpu = vcpu;
        _tsc = new TscTransfer(cpu, vcpu, tscOffset);
        foreach (uint index in (ReadOnlySpan<uint>)
        [
            Msr.SysenterCs, Msr.SysenterEsp, Msr.SysenterEip, Msr.Pat, Msr.Star, Msr.Lstar, Msr.Cstar, Msr.Fmask, Msr.KernelGsBase, Msr.TscAux, Msr.SpecCtrl,
        ])
        {
            AddIf(known.Contains(index), index);
        }

        if (cpu.HasKvmInterface)
        {
            foreach (uint index in (ReadOnlySpan<uint>)[Msr.ParavirtualWallClock, Msr.ParavirtualSystemTime, Msr.ParavirtualStealTime, Msr.ParavirtualEoi])
            {
                AddIf(known.Contains(index), index);
            }
        }

        // The list does not name them, but they are there in every KVM.
        AddIf(true, Msr.MtrrDefType);
        for (uint i = 0; i < 16; i++)
        {
            AddIf(true, Msr.MtrrVariableFirst + i);
        }

        foreach (uint index in (ReadOnlySpan<uint>)[0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f])
        {
            AddIf(true, index);
        }

        _entries = new KvmMsrEntry[_indexes.Count];
    }

    /// <summary>Gives KVM the values.</summary>
    public void Push()
    {
        // The counter comes first: the paravirtual clock is anchored to it.
        _tsc.Push();
        for (int i = 0; i < _entries.Length; i++)
        {
            // The wall clock is written once, by the guest: writing it again would only put the host's idea of time into its memory.
            _ = _cpu.TryReadMsr(_indexes[i], out ulong value);
            _entries[i] = new KvmMsrEntry(_indexes[i], _indexes[i] == Msr.ParavirtualWallClock ? 0 : value);
        }

        // Where KVM refuses a register that the guest does not use, it stays ours.
        for (int done = 0; done < _entries.Length;)
        {
            int count = _vcpu.SetMsrs(_entries.AsSpan(done));
            done += count;
            if (done < _entries.Length)
            {
                Drop(done);
            }
        }
    }

    /// <summary>Takes the values from KVM.</summary>
    public void Pull()
    {
        for (int i = 0; i < _entries.Length; i++)
        {
            _entries[i] = new KvmMsrEntry(_indexes[i], 0);
        }

        for (int done = 0; done < _entries.Length;)
        {
            int count = _vcpu.GetMsrs(_entries.AsSpan(done));
            done += count;
            if (done < _entries.Length)
            {
                Drop(done);
            }
        }

        _tsc.Pull();
        foreach (KvmMsrEntry entry in _entries)
        {
            Store(entry.Index, entry.Value);
        }
    }

    private void Store(uint index, ulong value)
    {
        switch (index)
        {
            case >= Msr.ParavirtualFirst and <= Msr.ParavirtualLast:
                if (index != Msr.ParavirtualWallClock)
                {
                    _cpu.SetParavirtual(index, value);
                }

                break;
            default:
                _ = _cpu.TryWriteMsr(index, value);
                break;
        }
    }

    private void AddIf(bool exists, uint index)
    {
        if (exists)
        {
            _indexes.Add(index);
        }
    }

    private void Drop(int position)
    {
        _indexes.RemoveAt(position);
        _entries = [.. _entries.AsSpan(0, position), .. _entries.AsSpan(position + 1)];
    }
}
