namespace Sosia.Isa.X86.Decode;

/// <summary>The feature that an instruction belongs to; instructions of features that CPUID does not announce raise #UD.</summary>
public enum CpuFeature : byte
{
    /// <summary>8086 to 80486, always there.</summary>
    Base,

    /// <summary>x87.</summary>
    X87,

    /// <summary>CMPXCHG8B.</summary>
    Cx8,

    /// <summary>CMOVcc and FCMOVcc.</summary>
    Cmov,

    /// <summary>RDTSC.</summary>
    Tsc,

    /// <summary>RDMSR and WRMSR.</summary>
    Msr,

    /// <summary>SYSENTER and SYSEXIT.</summary>
    Sep,

    /// <summary>MMX.</summary>
    Mmx,

    /// <summary>FXSAVE and FXRSTOR.</summary>
    Fxsr,

    /// <summary>SSE.</summary>
    Sse,

    /// <summary>SSE2.</summary>
    Sse2,

    /// <summary>SSE3.</summary>
    Sse3,

    /// <summary>SSSE3.</summary>
    Ssse3,

    /// <summary>SSE4.1.</summary>
    Sse41,

    /// <summary>SSE4.2.</summary>
    Sse42,

    /// <summary>POPCNT.</summary>
    Popcnt,

    /// <summary>AES-NI.</summary>
    Aes,

    /// <summary>PCLMULQDQ.</summary>
    Pclmul,

    /// <summary>MOVBE.</summary>
    Movbe,

    /// <summary>LZCNT.</summary>
    Lzcnt,

    /// <summary>BMI1.</summary>
    Bmi1,

    /// <summary>BMI2.</summary>
    Bmi2,

    /// <summary>ADCX and ADOX.</summary>
    Adx,

    /// <summary>RDRAND.</summary>
    Rdrand,

    /// <summary>XSAVE family.</summary>
    Xsave,

    /// <summary>XSAVEOPT.</summary>
    Xsaveopt,

    /// <summary>CMPXCHG16B.</summary>
    Cx16,

    /// <summary>LAHF and SAHF in 64-bit mode.</summary>
    Lahf64,

    /// <summary>SYSCALL, SWAPGS and 64-bit mode itself.</summary>
    LongMode,

    /// <summary>RDTSCP.</summary>
    Rdtscp,

    /// <summary>RDFSBASE and its kin.</summary>
    Fsgsbase,

    /// <summary>INVPCID.</summary>
    Invpcid,

    /// <summary>CLAC and STAC.</summary>
    Smap,

    /// <summary>CLFLUSH.</summary>
    Clflush,

    /// <summary>AVX.</summary>
    Avx,

    /// <summary>AVX2.</summary>
    Avx2,

    /// <summary>FMA.</summary>
    Fma,

    /// <summary>F16C.</summary>
    F16c,

    /// <summary>XSAVEC and the compacted form of XRSTOR.</summary>
    Xsavec,
}
