using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>The answer to one CPUID leaf (struct kvm_cpuid_entry2).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KvmCpuidEntry
{
    /// <summary>Flag: the answer depends on ECX.</summary>
    public const uint HasSubleaf = 1;

    /// <summary>EAX of the question.</summary>
    public uint Leaf;

    /// <summary>ECX of the question.</summary>
    public uint Subleaf;

    /// <summary>See <see cref="HasSubleaf"/>.</summary>
    public uint Flags;

    /// <summary>EAX of the answer.</summary>
    public uint Eax;

    /// <summary>EBX of the answer.</summary>
    public uint Ebx;

    /// <summary>ECX of the answer.</summary>
    public uint Ecx;

    /// <summary>EDX of the answer.</summary>
    public uint Edx;

    private fixed uint _padding[3];
}
