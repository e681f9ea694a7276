using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The format of a fused multiply-add's elements.</summary>
internal unsafe interface IFusedFormat
{
    /// <summary>Bytes of an element.</summary>
    static abstract int ByteCount { get; }

    /// <summary>One element: ±(x × y) ± z into the result.</summary>
    static abstract void Compute(byte* x, byte* y, byte* z, bool negateProduct, bool negateAddend, byte* result, ref FpEnvironment env);
}
