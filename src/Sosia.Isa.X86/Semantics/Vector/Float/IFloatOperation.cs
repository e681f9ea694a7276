using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>One arithmetic operation on both formats, by the host's hardware and exactly.</summary>
internal interface IFloatOperation
{
    /// <summary>The operation has one operand, the second.</summary>
    static abstract bool IsUnary { get; }

    /// <summary>The host's result.</summary>
    static abstract float Host(float a, float b);

    /// <inheritdoc cref="Host(float, float)"/>
    static abstract double Host(double a, double b);

    /// <inheritdoc cref="Host(float, float)"/>
    static abstract Vector128<float> Host(Vector128<float> a, Vector128<float> b);

    /// <inheritdoc cref="Host(float, float)"/>
    static abstract Vector128<double> Host(Vector128<double> a, Vector128<double> b);

    /// <summary>Whether a result of zero is exact when it came from operands that are no denormal numbers.</summary>
    /// <param name="aIsZero">The first operand is zero.</param>
    /// <param name="bIsZero">The second operand is zero.</param>
    static abstract bool ZeroIsExact(bool aIsZero, bool bIsZero);

    /// <summary>The result by the rules of x86, with its exceptions.</summary>
    static abstract uint Exact(uint a, uint b, ref FpEnvironment env);

    /// <inheritdoc cref="Exact(uint, uint, ref FpEnvironment)"/>
    static abstract ulong Exact(ulong a, ulong b, ref FpEnvironment env);
}
