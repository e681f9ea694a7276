using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The meaning of an instruction on YMM registers that depends on MXCSR; as <see cref="IVectorFloat"/>.</summary>
internal interface IWideFloat
{
    /// <inheritdoc cref="IVectorFloat.TryFast"/>
    static abstract bool TryFast(Vector256<byte> first, Vector256<byte> source, byte immediate, uint mxcsr, out Vector256<byte> result);

    /// <inheritdoc cref="IVectorFloat.Exact"/>
    static abstract Vector256<byte> Exact(Vector256<byte> first, Vector256<byte> source, byte immediate, ref FpEnvironment env);
}
