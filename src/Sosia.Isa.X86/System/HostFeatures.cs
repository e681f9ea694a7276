using System;
using System.Runtime.Intrinsics.X86;
using Sosia.Core;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86;

/// <summary>
/// Which instruction-set extensions for programs the host has. The environment variable <c>SOSIA_HOST_WITHOUT</c> hides some, by the names of <see cref="CpuFeature"/> with
/// commas ("avx2,fma"): then guests' instructions run as on a host that lacks them.
/// </summary>
public static class HostFeatures
{
    private const string Variable = "SOSIA_HOST_WITHOUT";

    // All others are the baseline, or the system's business and not the host's.
    private static readonly CpuFeature[] Optional =
    [
        CpuFeature.Aes, CpuFeature.Pclmul, CpuFeature.Movbe, CpuFeature.Lzcnt, CpuFeature.Bmi1, CpuFeature.Bmi2, CpuFeature.Adx,
        CpuFeature.Avx, CpuFeature.Avx2, CpuFeature.Fma, CpuFeature.F16c, CpuFeature.X87,
    ];

    // Not in the type's initializer, which would wrap the exception.
    private static readonly Lazy<ulong> Found = new(static () => Find(Environment.GetEnvironmentVariable(Variable)));

    /// <summary>Bit n stands for <see cref="CpuFeature"/> n; clear for what the host lacks or the environment hides.</summary>
    /// <exception cref="SosiaException">The environment hides something unknown.</exception>
    public static ulong Available => Found.Value;

    /// <summary>Whether the host's processor is Intel's, on which the little that the manuals leave to processors is as in the interpreter.</summary>
    public static bool IsIntel => X86Base.IsSupported && X86Base.CpuId(0, 0) is { Ebx: 0x756e6547, Edx: 0x49656e69, Ecx: 0x6c65746e };

    /// <summary>The host's features without some.</summary>
    /// <param name="hidden">Names with commas; null for none.</param>
    /// <exception cref="SosiaException">A name is unknown.</exception>
    public static ulong Find(string? hidden)
    {
        ulong features = ulong.MaxValue;
        foreach (CpuFeature feature in Optional)
        {
            features &= IsOnHost(feature) ? ulong.MaxValue : ~(1UL << (int)feature);
        }

        foreach (string name in (hidden ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int index = Array.FindIndex(Optional, f => f.ToString().Equals(name, StringComparison.OrdinalIgnoreCase));
            features &= index >= 0
                ? ~(1UL << (int)Optional[index])
                : throw new SosiaException($"{Variable} names '{name}', which is unknown; use names of {string.Join(", ", Optional).ToLowerInvariant()}.");
        }

        return features;
    }

    private static bool IsOnHost(CpuFeature feature) => feature switch
    {
        CpuFeature.Aes => Aes.IsSupported,
        CpuFeature.Pclmul => Pclmulqdq.IsSupported,
        CpuFeature.Movbe => IsInLeaf1(22),
        CpuFeature.Lzcnt => Lzcnt.IsSupported,
        CpuFeature.Bmi1 => Bmi1.IsSupported,
        CpuFeature.Bmi2 => Bmi2.IsSupported,
        CpuFeature.Adx => X86Base.IsSupported && (X86Base.CpuId(7, 0).Ebx >> 19 & 1) != 0,
        CpuFeature.Avx => Avx.IsSupported,
        CpuFeature.Avx2 => Avx2.IsSupported,
        CpuFeature.Fma => Fma.IsSupported,
        CpuFeature.F16c => Avx.IsSupported && IsInLeaf1(29),
        // Every guest has the unit. What counts here is that programs can save and restore the host's alone, by XSAVE.
        CpuFeature.X87 => IsInLeaf1(27),
        _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "The host is not asked for this feature."),
    };

    private static bool IsInLeaf1(int bit) => X86Base.IsSupported && (X86Base.CpuId(1, 0).Ecx >> bit & 1) != 0;
}
