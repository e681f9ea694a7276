using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The meaning of a vector instruction that depends on MXCSR and reports exceptions in it.</summary>
internal interface IVectorFloat
{
    /// <summary>
    /// Tries the host's arithmetic. It may be used only when the guest's instruction would change nothing in MXCSR and round to nearest,
    /// or when its result is exact.
    /// </summary>
    /// <returns>False when <see cref="Exact"/> must decide.</returns>
    static abstract bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result);

    /// <summary>The new destination, with all exceptions of all elements collected in the environment.</summary>
    static abstract Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env);
}
