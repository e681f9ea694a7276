using System.Runtime.Intrinsics.X86;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>Which instructions the host CPU has.</summary>
public static class NativeFeatures
{
    /// <summary>
    /// True when the host defines an instruction's form: PREFETCHW and its like with a register are NOPs on Intel's processors and undefined on AMD's.
    /// </summary>
    public static bool Defines(Generation.GeneratedInstruction instruction)
        => HostFeatures.IsIntel || instruction.Row.Encoding is not { Map: 1, Opcode: 0x0d } || instruction.Decoded.IsMemory;

    /// <summary>True when the host can execute instructions of a feature.</summary>
    public static bool Has(CpuFeature feature)
    {
        (_, _, int c1, _) = X86Base.CpuId(1, 0);
        (_, int b7, _, _) = X86Base.CpuId(7, 0);
        (_, _, int c81, _) = X86Base.CpuId(unchecked((int)0x80000001), 0);
        return feature switch
        {
            CpuFeature.Sse3 => Bit(c1, 0),
            CpuFeature.Pclmul => Bit(c1, 1),
            CpuFeature.Ssse3 => Bit(c1, 9),
            CpuFeature.Cx16 => Bit(c1, 13),
            CpuFeature.Sse41 => Bit(c1, 19),
            CpuFeature.Sse42 => Bit(c1, 20),
            CpuFeature.Movbe => Bit(c1, 22),
            CpuFeature.Popcnt => Bit(c1, 23),
            CpuFeature.Aes => Bit(c1, 25),
            // The runtime's answer says too that the operating system keeps the registers.
            CpuFeature.Avx => Avx.IsSupported,
            CpuFeature.F16c => Avx.IsSupported && Bit(c1, 29),
            CpuFeature.Fma => Fma.IsSupported,
            CpuFeature.Avx2 => Avx2.IsSupported,
            CpuFeature.Bmi1 => Bit(b7, 3),
            CpuFeature.Bmi2 => Bit(b7, 8),
            CpuFeature.Adx => Bit(b7, 19),
            CpuFeature.Lahf64 => Bit(c81, 0),
            CpuFeature.Lzcnt => Bit(c81, 5),
            _ => true,
        };
    }

    private static bool Bit(int value, int bit) => ((value >> bit) & 1) != 0;
}
