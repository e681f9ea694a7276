using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A choice of one of two operands (minimum, maximum) in both formats.</summary>
internal interface IFloatChoice
{
    /// <summary>The host's choice, right when no operand is a NaN or denormal.</summary>
    static abstract float Host(float a, float b);

    /// <inheritdoc cref="Host(float, float)"/>
    static abstract double Host(double a, double b);

    /// <inheritdoc cref="Host(float, float)"/>
    static abstract Vector128<float> Host(Vector128<float> a, Vector128<float> b);

    /// <inheritdoc cref="Host(float, float)"/>
    static abstract Vector128<double> Host(Vector128<double> a, Vector128<double> b);

    /// <summary>The choice by the rules of x86, with its exceptions.</summary>
    static abstract uint Exact(uint a, uint b, ref FpEnvironment env);

    /// <inheritdoc cref="Exact(uint, uint, ref FpEnvironment)"/>
    static abstract ulong Exact(ulong a, ulong b, ref FpEnvironment env);
}
