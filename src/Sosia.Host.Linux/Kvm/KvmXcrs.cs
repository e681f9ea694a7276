using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>Extended control registers (struct kvm_xcrs).</summary>
[StructLayout(LayoutKind.Explicit, Size = 392)]
public struct KvmXcrs
{
    /// <summary>How many entries count.</summary>
    [FieldOffset(0)]
    public uint Count;

    /// <summary>The first entry's number: 0 for XCR0.</summary>
    [FieldOffset(8)]
    public uint Number;

    /// <summary>The first entry's value.</summary>
    [FieldOffset(16)]
    public ulong Value;
}
