using System.Collections.Generic;
using System.Linq;
using Sosia.Core;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86;

/// <summary>
/// A CPU model: which of the features that have rows in the instruction table a processor announces. The levels are those of the x86-64 psABI. Everything beyond level 2 that
/// is implemented and needs no state of its own belongs to every fixed model.
/// </summary>
public sealed class CpuModel
{
    private const ulong X87AndSse = 3;
    private const ulong Avx = 4;

    private static readonly CpuFeature[] Version3Features = [CpuFeature.Avx, CpuFeature.Avx2, CpuFeature.Fma, CpuFeature.F16c, CpuFeature.Xsavec];

    // Null for the host's.
    private readonly ulong? _features;

    private CpuModel(string name, string description, ulong? features)
    {
        Name = name;
        Description = description;
        _features = features;
    }

    /// <summary>x86-64-v2, with AES, PCLMULQDQ, MOVBE, LZCNT, BMI1, BMI2, ADX, RDRAND.</summary>
    public static CpuModel X8664V2 { get; } = new("x86-64-v2", "x86-64-v2 with AES, PCLMULQDQ, MOVBE, LZCNT, BMI1, BMI2, ADX and RDRAND", Without(Version3Features));

    /// <summary>x86-64-v3: <see cref="X8664V2"/> with AVX, AVX2, FMA, F16C and XSAVEC.</summary>
    public static CpuModel X8664V3 { get; } = new("x86-64-v3", "x86-64-v2 with AVX, AVX2, FMA, F16C and XSAVEC", ulong.MaxValue);

    /// <summary>x86-64-v3 without the extensions for programs that the host's CPUID does not announce.</summary>
    public static CpuModel HostLike { get; } = new("host-like", "x86-64-v3 without what the host's processor has not", null);

    /// <summary>The model of a machine that names none.</summary>
    public static CpuModel Default => X8664V2;

    /// <summary>All models.</summary>
    public static IReadOnlyList<CpuModel> All { get; } = [X8664V2, X8664V3, HostLike];

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>What it is, in one line.</summary>
    public string Description { get; }

    /// <summary>The features: bit n stands for <see cref="CpuFeature"/> n.</summary>
    public ulong Features => _features ?? (HostFeatures.Available | (1UL << (int)CpuFeature.X87));

    /// <summary>The XCR0 bits that may be set.</summary>
    public ulong SupportedXcr0 => Has(CpuFeature.Avx) ? X87AndSse | Avx : X87AndSse;

    /// <summary>Whether it has everything of x86-64-v3.</summary>
    public bool IsVersion3 => Features == X8664V3.Features;

    /// <summary>Finds a model by its name.</summary>
    /// <exception cref="SosiaException">There is none.</exception>
    public static CpuModel Find(string name)
        => All.FirstOrDefault(m => m.Name == name)
            ?? throw new SosiaException($"There is no CPU model '{name}'; there are {string.Join(", ", All.Select(m => m.Name))}.");

    /// <summary>Whether it announces a feature.</summary>
    public bool Has(CpuFeature feature) => (Features >> (int)feature & 1) != 0;

    /// <summary>Whether XSETBV takes a value: x87 always, AVX only with SSE (SDM vol. 1, 13.3).</summary>
    public bool AllowsXcr0(ulong value) => (value & 1) != 0 && (value & ~SupportedXcr0) == 0 && ((value & Avx) == 0 || (value & X87AndSse) == X87AndSse);

    private static ulong Without(CpuFeature[] features)
    {
        ulong mask = ulong.MaxValue;
        foreach (CpuFeature feature in features)
        {
            mask &= ~(1UL << (int)feature);
        }

        return mask;
    }
}
