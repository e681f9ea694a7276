namespace Sosia.Isa.X86;

/// <summary>Bits of a CPUID answer that a processor's model has but the guest must not see, since an engine of the machine's cannot do what they announce.</summary>
/// <param name="Leaf">EAX of the question.</param>
/// <param name="Subleaf">ECX of the question.</param>
/// <param name="Eax">Bits of EAX.</param>
/// <param name="Ebx">Bits of EBX.</param>
/// <param name="Ecx">Bits of ECX.</param>
/// <param name="Edx">Bits of EDX.</param>
public readonly record struct HiddenCpuidBits(uint Leaf, uint Subleaf, uint Eax, uint Ebx, uint Ecx, uint Edx)
{
    // These leaves alone have features by subleaf; all others answer alike whatever ECX is.
    private bool HasSubleaves => Leaf is 7 or 0xd;

    /// <summary>Takes the bits from an answer that has them.</summary>
    internal CpuidResult ApplyTo(CpuidResult answer, uint leaf, uint subleaf)
        => leaf != Leaf || (HasSubleaves && subleaf != Subleaf)
            ? answer
            : new CpuidResult(answer.Eax & ~Eax, answer.Ebx & ~Ebx, answer.Ecx & ~Ecx, answer.Edx & ~Edx);
}
