using System;
using System.Buffers.Binary;
using System.Numerics;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>What CPUID says (SDM vol. 2, CPUID): what is implemented and the CPU's <see cref="CpuModel"/> has, nothing more.</summary>
public static unsafe class CpuidModel
{
    /// <summary>
    /// Family 6, model 0x2c, stepping 2: leaf 1 EAX, and EDX after reset. A model with the feature level of x86-64-v2, which guests give no
    /// model-specific workarounds that would need more than is announced.
    /// </summary>
    public const uint Signature = 0x0002_06c2;

    /// <summary>IA32_ARCH_CAPABILITIES: immune to what is named, so that guests enable no mitigation (SDM vol. 4, table 2-2).</summary>
    /// <remarks>
    /// RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO,
    /// PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO: an interpreter or translator speculates on nothing of the guest's.
    /// </remarks>
    public const ulong ArchCapabilities = (1UL << 0) | (1UL << 1) | (1UL << 3) | (1UL << 4) | (1UL << 5) | (1UL << 6) | (1UL << 8)
        | (1UL << 13) | (1UL << 14) | (1UL << 15) | (1UL << 20) | (1UL << 24) | (1UL << 26) | (1UL << 27) | (1UL << 62);

    private const uint MaxBasicLeaf = 0x16;
    private const uint MaxExtendedLeaf = 0x8000_0008;
    private const uint HypervisorLeaf = 0x4000_0000;

    // No delay for ports, the clock by its newer registers, steal time, paravirtual EOI; the clock is stable (Linux, Documentation/virt/kvm/x86/cpuid.rst).
    private const uint KvmFeatures = (1u << 1) | (1u << 3) | (1u << 5) | (1u << 6) | (1u << 24);

    // SSE3, SSSE3, CMPXCHG16B, PCID, SSE4.1, SSE4.2, POPCNT, XSAVE, RDRAND, hypervisor.
    private const uint Leaf1Ecx = (1u << 0) | (1u << 9) | (1u << 13) | (1u << 17) | (1u << 19) | (1u << 20) | (1u << 23) | (1u << 26) | (1u << 30) | (1u << 31);

    // x2APIC, TSC deadline: with a local APIC.
    private const uint Leaf1EcxApic = (1u << 21) | (1u << 24);

    // FPU, DE, PSE, TSC, MSR, PAE, MCE, CX8, SEP, MTRR, PGE, MCA, CMOV, PAT, PSE-36, CLFSH, MMX, FXSR, SSE, SSE2. No VME.
    private const uint Leaf1Edx = (1u << 0) | (1u << 2) | (1u << 3) | (1u << 4) | (1u << 5) | (1u << 6) | (1u << 7) | (1u << 8) | (1u << 11) | (1u << 12)
        | (1u << 13) | (1u << 14) | (1u << 15) | (1u << 16) | (1u << 17) | (1u << 19) | (1u << 23) | (1u << 24) | (1u << 25) | (1u << 26);

    // HTT: more than one logical processor in the package.
    private const uint Leaf1EdxHtt = 1u << 28;

    // FSGSBASE, SMEP, ERMS, INVPCID, SMAP.
    private const uint Leaf7Ebx = (1u << 0) | (1u << 7) | (1u << 9) | (1u << 10) | (1u << 20);

    // UMIP.
    private const uint Leaf7Ecx = 1u << 2;

    // IBRS and IBPB, STIBP, ARCH_CAPABILITIES, SSBD.
    private const uint Leaf7Edx = (1u << 26) | (1u << 27) | (1u << 29) | (1u << 31);

    // LAHF and SAHF in 64-bit mode, PREFETCHW.
    private const uint Leaf80000001Ecx = (1u << 0) | (1u << 8);

    // NX, 1 GiB pages, RDTSCP, long mode.
    private const uint Leaf80000001Edx = (1u << 20) | (1u << 26) | (1u << 27) | (1u << 29);

    // What a model may lack, with its bit.
    private static readonly (CpuFeature Feature, int Bit)[] Leaf1EcxOptional =
    [
        (CpuFeature.Pclmul, 1), (CpuFeature.Fma, 12), (CpuFeature.Movbe, 22), (CpuFeature.Aes, 25), (CpuFeature.Avx, 28), (CpuFeature.F16c, 29),
    ];

    private static readonly (CpuFeature Feature, int Bit)[] Leaf7EbxOptional =
        [(CpuFeature.Bmi1, 3), (CpuFeature.Avx2, 5), (CpuFeature.Bmi2, 8), (CpuFeature.Adx, 19)];

    private static readonly (CpuFeature Feature, int Bit)[] Leaf80000001EcxOptional = [(CpuFeature.Lzcnt, 5)];

    /// <summary>Answers CPUID.</summary>
    /// <param name="cpu">The CPU: some bits follow its state.</param>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX.</param>
    public static CpuidResult Query(X86Cpu cpu, uint leaf, uint subleaf)
    {
        CpuidResult answer = Answer(cpu, leaf, subleaf);
        foreach (HiddenCpuidBits hidden in cpu.HiddenCpuid)
        {
            answer = hidden.ApplyTo(answer, leaf, subleaf);
        }

        return answer;
    }

    private static CpuidResult Answer(X86Cpu cpu, uint leaf, uint subleaf)
    {
        if (cpu.HasKvmInterface && leaf is HypervisorLeaf or HypervisorLeaf + 1)
        {
            // "KVMKVMKVM", and what of KVM's interface there is.
            return leaf == HypervisorLeaf ? new CpuidResult(HypervisorLeaf + 1, 0x4b4d_564b, 0x564b_4d56, 0x4d) : new CpuidResult(KvmFeatures, 0, 0, 0);
        }

        if (leaf == HypervisorLeaf)
        {
            // "SosiaSosia" as the hypervisor's signature; no further hypervisor leaves.
            return new CpuidResult(HypervisorLeaf, 0x6973_6f53, 0x736f_5361, 0x0000_6169);
        }

        if (leaf >= 0x8000_0000 && leaf <= MaxExtendedLeaf)
        {
            return QueryExtended(cpu, leaf);
        }

        // Beyond the highest leaf Intel processors answer as for the highest basic leaf.
        return QueryBasic(cpu, Math.Min(leaf, MaxBasicLeaf), subleaf);
    }

    private static CpuidResult QueryBasic(X86Cpu cpu, uint leaf, uint subleaf)
    {
        X86State* st = cpu.State;
        bool hasApic = cpu.InterruptController is not null;
        switch (leaf)
        {
            case 0:
                // "GenuineIntel".
                return new CpuidResult(MaxBasicLeaf, 0x756e_6547, 0x6c65_746e, 0x4965_6e69);
            case 1:
                bool isApicOn = hasApic && (cpu.InterruptController!.BaseRegister & (1 << 11)) != 0;
                uint ecx = Leaf1Ecx | Bits(cpu, Leaf1EcxOptional) | (hasApic ? Leaf1EcxApic : 0) | ((st->Cr4 & ControlBits.Cr4Osxsave) != 0 ? 1u << 27 : 0);
                uint edx = Leaf1Edx | (isApicOn ? 1u << 9 : 0) | (cpu.CpuCount > 1 ? Leaf1EdxHtt : 0);
                // CLFLUSH line of 8 quadwords; how many APIC ids the package has room for.
                return new CpuidResult(Signature, ((uint)cpu.Index << 24) | (1u << (ApicIdBits(cpu) + 16)) | (8 << 8), ecx, edx);
            case 2:
                // "See leaf 4."
                return new CpuidResult(0x0000_ff01, 0, 0, 0);
            case 4:
                return QueryCache(cpu, subleaf);
            case 6:
                // ARAT: the local APIC timer never stops.
                return new CpuidResult(1 << 2, 0, 0, 0);
            case 7:
                return subleaf == 0 ? new CpuidResult(0, Leaf7Ebx | Bits(cpu, Leaf7EbxOptional), Leaf7Ecx, Leaf7Edx) : default;
            case 0xb:
                // Two levels: one thread per core, and the cores of the one package.
                uint x2ApicId = (uint)cpu.Index;
                return subleaf switch
                {
                    0 => new CpuidResult(0, 1, 0x100, x2ApicId),
                    1 => new CpuidResult((uint)ApicIdBits(cpu), (uint)cpu.CpuCount, 0x201, x2ApicId),
                    _ => new CpuidResult(0, 0, subleaf & 0xff, x2ApicId),
                };
            case 0xd:
                return QueryExtendedState(cpu, subleaf);
            case 0x15:
                // The crystal is the local APIC timer's bus clock of 1 GHz, and the TSC runs at a ratio to it.
                return cpu.TscKilohertz == X86Cpu.UsualTscKilohertz
                    ? new CpuidResult(1, 1, 1_000_000_000, 0)
                    : new CpuidResult(X86Cpu.UsualTscKilohertz, (uint)cpu.TscKilohertz, 1_000_000_000, 0);
            case 0x16:
                return new CpuidResult((uint)cpu.TscKilohertz / 1000, (uint)cpu.TscKilohertz / 1000, 100, 0);
            default:
                return default;
        }
    }

    // Leaf 0xD: legacy area and header, then the upper halves of YMM0 to YMM15 in both forms of the area.
    private static CpuidResult QueryExtendedState(X86Cpu cpu, uint subleaf)
    {
        const uint HeaderEnd = 576;
        const uint UpperByteCount = 256;
        const ulong Avx = 4;
        uint enabled = (cpu.State->Xcr0 & Avx) != 0 ? HeaderEnd + UpperByteCount : HeaderEnd;
        bool hasAvx = cpu.Model.Has(CpuFeature.Avx);
        switch (subleaf)
        {
            case 0:
                return new CpuidResult((uint)cpu.Model.SupportedXcr0, enabled, hasAvx ? HeaderEnd + UpperByteCount : HeaderEnd, 0);
            case 1:
                // XSAVEOPT; XSAVEC and XGETBV with ECX = 1. No XSAVES.
                return cpu.Model.Has(CpuFeature.Xsavec) ? new CpuidResult(7, enabled, 0, 0) : new CpuidResult(1, 0, 0, 0);
            case 2 when hasAvx:
                return new CpuidResult(UpperByteCount, HeaderEnd, 0, 0);
            default:
                return default;
        }
    }

    private static uint Bits(X86Cpu cpu, (CpuFeature Feature, int Bit)[] optional)
    {
        uint bits = 0;
        foreach ((CpuFeature feature, int bit) in optional)
        {
            bits |= cpu.Model.Has(feature) ? 1u << bit : 0;
        }

        return bits;
    }

    // Leaf 4: 64-byte lines; L1 data and instruction 32 KiB 8-way, L2 256 KiB 8-way.
    // Each core has its own; EAX 31:26 says how many ids its package has room for, less one.
    private static CpuidResult QueryCache(X86Cpu cpu, uint subleaf)
    {
        const uint EightWays64Bytes = (7u << 22) | 63;
        uint cores = ((1u << ApicIdBits(cpu)) - 1) << 26;
        return subleaf switch
        {
            0 => new CpuidResult(0x121 | cores, EightWays64Bytes, 63, 0),
            1 => new CpuidResult(0x122 | cores, EightWays64Bytes, 63, 0),
            2 => new CpuidResult(0x143 | cores, EightWays64Bytes, 511, 0),
            _ => default,
        };
    }

    // The width of the APIC id's part that tells the cores of the package apart.
    private static int ApicIdBits(X86Cpu cpu) => BitOperations.Log2((uint)((2 * cpu.CpuCount) - 1));

    private static CpuidResult QueryExtended(X86Cpu cpu, uint leaf)
    {
        switch (leaf)
        {
            case 0x8000_0000:
                return new CpuidResult(MaxExtendedLeaf, 0, 0, 0);
            case 0x8000_0001:
                // SYSCALL is announced in 64-bit code only, as on Intel processors.
                return new CpuidResult(0, 0, Leaf80000001Ecx | Bits(cpu, Leaf80000001EcxOptional), Leaf80000001Edx | (cpu.State->CodeBits == 64 ? 1u << 11 : 0));
            case 0x8000_0002 or 0x8000_0003 or 0x8000_0004:
                // Level 3 is announced as such only when complete, whatever the model is called.
                ReadOnlySpan<byte> name = cpu.Model.IsVersion3
                    ? "Sosia x86-64-v3 virtual processor @ 1.00GHz\0\0\0\0\0"u8
                    : "Sosia x86-64-v2 virtual processor @ 1.00GHz\0\0\0\0\0"u8;
                ReadOnlySpan<byte> part = name.Slice((int)(leaf - 0x8000_0002) * 16, 16);
                return new CpuidResult(
                    BinaryPrimitives.ReadUInt32LittleEndian(part),
                    BinaryPrimitives.ReadUInt32LittleEndian(part[4..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(part[8..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(part[12..]));
            case 0x8000_0006:
                // L2: 256 KiB, 8-way (code 6), 64-byte lines.
                return new CpuidResult(0, 0, (256 << 16) | (6 << 12) | 64, 0);
            case 0x8000_0007:
                // Invariant TSC.
                return new CpuidResult(0, 0, 0, 1 << 8);
            case 0x8000_0008:
                return new CpuidResult(ControlBits.PhysicalAddressBits | (48 << 8), 0, 0, 0);
            default:
                return default;
        }
    }
}
