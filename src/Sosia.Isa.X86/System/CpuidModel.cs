using System;
using System.Buffers.Binary;
using System.Numerics;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>The CPU model that CPUID describes (SDM vol. 2, CPUID): x86-64-v2 and what else is implemented, nothing more.</summary>
public static unsafe class CpuidModel
{
    /// <summary>
    /// Family 6, model 0x2c, stepping 2: leaf 1 EAX, and EDX after reset. A model with the feature level of x86-64-v2, which guests give no
    /// model-specific workarounds that would need more than is announced.
    /// </summary>
    public const uint Signature = 0x0002_06c2;

    /// <summary>The XCR0 bits that may be set: x87 and SSE.</summary>
    public const ulong SupportedXcr0 = 3;

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

    // SSE3, PCLMULQDQ, SSSE3, CMPXCHG16B, PCID, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, XSAVE, RDRAND, hypervisor.
    private const uint Leaf1Ecx = (1u << 0) | (1u << 1) | (1u << 9) | (1u << 13) | (1u << 17) | (1u << 19) | (1u << 20) | (1u << 22)
        | (1u << 23) | (1u << 25) | (1u << 26) | (1u << 30) | (1u << 31);

    // x2APIC, TSC deadline: with a local APIC.
    private const uint Leaf1EcxApic = (1u << 21) | (1u << 24);

    // FPU, DE, PSE, TSC, MSR, PAE, MCE, CX8, SEP, MTRR, PGE, MCA, CMOV, PAT, PSE-36, CLFSH, MMX, FXSR, SSE, SSE2. No VME.
    private const uint Leaf1Edx = (1u << 0) | (1u << 2) | (1u << 3) | (1u << 4) | (1u << 5) | (1u << 6) | (1u << 7) | (1u << 8) | (1u << 11) | (1u << 12)
        | (1u << 13) | (1u << 14) | (1u << 15) | (1u << 16) | (1u << 17) | (1u << 19) | (1u << 23) | (1u << 24) | (1u << 25) | (1u << 26);

    // HTT: more than one logical processor in the package.
    private const uint Leaf1EdxHtt = 1u << 28;

    // FSGSBASE, BMI1, SMEP, BMI2, ERMS, INVPCID, ADX, SMAP.
    private const uint Leaf7Ebx = (1u << 0) | (1u << 3) | (1u << 7) | (1u << 8) | (1u << 9) | (1u << 10) | (1u << 19) | (1u << 20);

    // UMIP.
    private const uint Leaf7Ecx = 1u << 2;

    // IBRS and IBPB, STIBP, ARCH_CAPABILITIES, SSBD.
    private const uint Leaf7Edx = (1u << 26) | (1u << 27) | (1u << 29) | (1u << 31);

    // LAHF and SAHF in 64-bit mode, LZCNT, PREFETCHW.
    private const uint Leaf80000001Ecx = (1u << 0) | (1u << 5) | (1u << 8);

    // NX, 1 GiB pages, RDTSCP, long mode.
    private const uint Leaf80000001Edx = (1u << 20) | (1u << 26) | (1u << 27) | (1u << 29);

    /// <summary>Answers CPUID.</summary>
    /// <param name="cpu">The CPU: some bits follow its state.</param>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX.</param>
    public static CpuidResult Query(X86Cpu cpu, uint leaf, uint subleaf)
    {
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
                uint ecx = Leaf1Ecx | (hasApic ? Leaf1EcxApic : 0) | ((st->Cr4 & ControlBits.Cr4Osxsave) != 0 ? 1u << 27 : 0);
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
                return subleaf == 0 ? new CpuidResult(0, Leaf7Ebx, Leaf7Ecx, Leaf7Edx) : default;
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
                return subleaf switch
                {
                    0 => new CpuidResult((uint)SupportedXcr0, 576, 576, 0),
                    // XSAVEOPT only: no compaction, no XGETBV with ECX = 1, no XSAVES.
                    1 => new CpuidResult(1, 0, 0, 0),
                    _ => default,
                };
            case 0x15:
                // TSC and crystal both run at 1 GHz, as does the local APIC timer's bus clock.
                return new CpuidResult(1, 1, 1_000_000_000, 0);
            case 0x16:
                return new CpuidResult(1000, 1000, 100, 0);
            default:
                return default;
        }
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
                return new CpuidResult(0, 0, Leaf80000001Ecx, Leaf80000001Edx | (cpu.State->CodeBits == 64 ? 1u << 11 : 0));
            case 0x8000_0002 or 0x8000_0003 or 0x8000_0004:
                ReadOnlySpan<byte> name = "Sosia x86-64-v2 virtual processor @ 1.00GHz\0\0\0\0\0"u8;
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
