namespace Sosia.Isa.X86;

/// <summary>The CPU model that CPUID describes.</summary>
public static class CpuidModel
{
    /// <summary>Family 6, model 0x3c, stepping 3: CPUID leaf 1 EAX, and EDX after reset.</summary>
    public const uint Signature = 0x000306c3;
}
