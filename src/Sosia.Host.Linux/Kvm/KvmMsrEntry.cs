using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>A model-specific register and its value (struct kvm_msr_entry).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct KvmMsrEntry
{
    /// <summary>The register.</summary>
    public uint Index;

    private readonly uint _reserved;

    /// <summary>Its value.</summary>
    public ulong Value;

    /// <summary>Names a register and a value.</summary>
    public KvmMsrEntry(uint index, ulong value)
    {
        Index = index;
        _reserved = 0;
        Value = value;
    }
}
