using System;
using System.Collections.Generic;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86;

namespace Sosia.Engines.Kvm;

/// <summary>What CPUID answers under KVM: what the machine's processor model announces, without what the host's KVM cannot do.</summary>
internal sealed class HostCpuid
{
    private const int Eax = 0;
    private const int Ebx = 1;
    private const int Ecx = 2;
    private const int Edx = 3;

    // Leaf 1: x2APIC, TSC deadline, OSXSAVE, hypervisor; EDX: APIC, HTT. KVM does not list them, lists them only under conditions that are ours, or keeps them itself.
    private const uint OursInLeaf1Ecx = (1u << 21) | (1u << 24) | (1u << 27) | (1u << 31);
    private const uint OursInLeaf1Edx = (1u << 9) | (1u << 28);

    // Registers that hold feature bits: leaf, subleaf, register, the bits that are ours to announce.
    private static readonly (uint Leaf, uint Subleaf, int Register, uint Ours)[] Features =
    [
        (1, 0, Ecx, OursInLeaf1Ecx), (1, 0, Edx, OursInLeaf1Edx), (7, 0, Ebx, 0), (7, 0, Ecx, 0), (7, 0, Edx, 0), (0xd, 0, Eax, 0), (0xd, 1, Eax, 0),
        (0x8000_0001, 0, Ecx, 0), (0x8000_0001, 0, Edx, 0), (0x4000_0001, 0, Eax, 0),
    ];

    private static readonly string[] Registers = ["EAX", "EBX", "ECX", "EDX"];

    private readonly KvmCpuidEntry[] _supported;
    private readonly List<string> _missing = [];
    private readonly List<HiddenCpuidBits> _hidden = [];

    public HostCpuid(KvmCpuidEntry[] supported)
    {
        _supported = supported;
    }

    /// <summary>What was announced by the model and taken away, by name.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>The same, for the processors of the machine.</summary>
    public HiddenCpuidBits[] Hidden => [.. _hidden];

    /// <summary>All answers for a processor.</summary>
    public KvmCpuidEntry[] EntriesFor(X86Cpu cpu)
    {
        List<KvmCpuidEntry> entries = [];
        _missing.Clear();
        _hidden.Clear();
        AddRange(entries, cpu, 0);
        AddRange(entries, cpu, 0x4000_0000);
        AddRange(entries, cpu, 0x8000_0000);
        return [.. entries];
    }

    private void AddRange(List<KvmCpuidEntry> entries, X86Cpu cpu, uint first)
    {
        uint last = Math.Min(CpuidModel.Query(cpu, first, 0).Eax, first + 0xff);
        for (uint leaf = first; leaf <= last; leaf++)
        {
            int subleaves = leaf switch { 4 => 5, 0xb => 3, 0xd => 3, _ => 0 };
            for (uint subleaf = 0; subleaf < Math.Max(1, subleaves); subleaf++)
            {
                CpuidResult answer = CpuidModel.Query(cpu, leaf, subleaf);
                Span<uint> registers = [answer.Eax, answer.Ebx, answer.Ecx, answer.Edx];
                Restrict(leaf, subleaf, registers);
                entries.Add(new KvmCpuidEntry
                {
                    Leaf = leaf,
                    Subleaf = subleaf,
                    Flags = subleaves > 0 ? KvmCpuidEntry.HasSubleaf : 0,
                    Eax = registers[Eax],
                    Ebx = registers[Ebx],
                    Ecx = registers[Ecx],
                    Edx = registers[Edx],
                });
            }
        }
    }

    private void Restrict(uint leaf, uint subleaf, Span<uint> registers)
    {
        foreach ((uint featureLeaf, uint featureSubleaf, int register, uint ours) in Features)
        {
            if (featureLeaf != leaf || featureSubleaf != subleaf)
            {
                continue;
            }

            uint lost = registers[register] & ~(Supported(leaf, subleaf, register) | ours);
            registers[register] &= ~lost;
            if (lost != 0)
            {
                _hidden.Add(new HiddenCpuidBits(leaf, subleaf, BitsIf(Eax), BitsIf(Ebx), BitsIf(Ecx), BitsIf(Edx)));
            }

            uint BitsIf(int which) => register == which ? lost : 0;

            for (; lost != 0; lost &= lost - 1)
            {
                int bit = System.Numerics.BitOperations.TrailingZeroCount(lost);
                _missing.Add(CpuidBitNames.Of(leaf, subleaf, Registers[register], bit));
            }
        }

        if (leaf == 0x8000_0008 && Supported(leaf, 0, Eax) is var sizes and not 0)
        {
            registers[Eax] = (registers[Eax] & ~0xffu) | Math.Min(registers[Eax] & 0xff, sizes & 0xff);
        }
    }

    private uint Supported(uint leaf, uint subleaf, int register)
    {
        foreach (KvmCpuidEntry entry in _supported)
        {
            if (entry.Leaf == leaf && ((entry.Flags & KvmCpuidEntry.HasSubleaf) == 0 || entry.Subleaf == subleaf))
            {
                return register switch { Eax => entry.Eax, Ebx => entry.Ebx, Ecx => entry.Ecx, _ => entry.Edx };
            }
        }

        return 0;
    }
}
