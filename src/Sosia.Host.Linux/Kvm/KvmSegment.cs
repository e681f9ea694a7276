using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>A segment register with its descriptor cache (struct kvm_segment).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct KvmSegment
{
    /// <summary>Linear address of offset 0.</summary>
    public ulong Base;

    /// <summary>The limit in bytes, inclusive.</summary>
    public uint Limit;

    /// <summary>The selector.</summary>
    public ushort Selector;

    /// <summary>The type field.</summary>
    public byte Type;

    /// <summary>P.</summary>
    public byte Present;

    /// <summary>DPL.</summary>
    public byte Dpl;

    /// <summary>D/B.</summary>
    public byte Big;

    /// <summary>S.</summary>
    public byte CodeOrData;

    /// <summary>L.</summary>
    public byte Long;

    /// <summary>G.</summary>
    public byte Granularity;

    /// <summary>AVL.</summary>
    public byte Available;

    /// <summary>1 when the register holds no segment.</summary>
    public byte Unusable;

    private readonly byte _padding;
}
