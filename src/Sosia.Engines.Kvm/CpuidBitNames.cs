using System.Collections.Generic;
using System.Globalization;

namespace Sosia.Engines.Kvm;

/// <summary>What the bits of CPUID's feature registers are called, as processor manuals and Linux's /proc/cpuinfo call them.</summary>
internal static class CpuidBitNames
{
    private static readonly Dictionary<(uint Leaf, uint Subleaf, string Register), (int Bit, string Name)[]> Names = new()
    {
        [(1, 0, "ECX")] =
        [
            (0, "sse3"), (1, "pclmulqdq"), (3, "monitor"), (9, "ssse3"), (12, "fma"), (13, "cx16"), (17, "pcid"), (19, "sse4_1"), (20, "sse4_2"), (22, "movbe"), (23, "popcnt"),
            (25, "aes"), (26, "xsave"), (28, "avx"), (29, "f16c"), (30, "rdrand"),
        ],
        [(1, 0, "EDX")] =
        [
            (0, "fpu"), (1, "vme"), (2, "de"), (3, "pse"), (4, "tsc"), (5, "msr"), (6, "pae"), (7, "mce"), (8, "cx8"), (11, "sep"), (12, "mtrr"), (13, "pge"), (14, "mca"), (15, "cmov"),
            (16, "pat"), (17, "pse36"), (19, "clflush"), (23, "mmx"), (24, "fxsr"), (25, "sse"), (26, "sse2"), (27, "ss"),
        ],
        [(7, 0, "EBX")] = [(0, "fsgsbase"), (3, "bmi1"), (5, "avx2"), (7, "smep"), (8, "bmi2"), (9, "erms"), (10, "invpcid"), (18, "rdseed"), (19, "adx"), (20, "smap"), (23, "clflushopt")],
        [(7, 0, "ECX")] = [(2, "umip"), (3, "pku"), (9, "vaes"), (10, "vpclmulqdq"), (16, "la57"), (22, "rdpid")],
        [(0xd, 1, "EAX")] = [(0, "xsaveopt"), (1, "xsavec"), (2, "xgetbv1"), (3, "xsaves")],
        [(0x8000_0001, 0, "ECX")] = [(0, "lahf_lm"), (5, "abm"), (8, "3dnowprefetch")],
        [(0x8000_0001, 0, "EDX")] = [(11, "syscall"), (20, "nx"), (26, "pdpe1gb"), (27, "rdtscp"), (29, "lm")],
        [(0x4000_0001, 0, "EAX")] = [(0, "kvmclock"), (3, "kvmclock2"), (5, "kvm-steal-time"), (6, "kvm-pv-eoi"), (24, "kvmclock-stable")],
    };

    /// <summary>The name of a bit; one that has none here is "leaf.subleaf:register[bit]".</summary>
    public static string Of(uint leaf, uint subleaf, string register, int bit)
    {
        if (Names.TryGetValue((leaf, subleaf, register), out (int Bit, string Name)[]? names))
        {
            foreach ((int known, string name) in names)
            {
                if (known == bit)
                {
                    return name;
                }
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{leaf:X}.{subleaf}:{register}[{bit}]");
    }
}
