using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Minimum by x86's rule: the second operand unless the first is less.</summary>
internal readonly struct FloatMinimum : IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Host(float a, float b) => a < b ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Host(double a, double b) => a < b ? a : b;

    public static uint Exact(uint a, uint b, ref FpEnvironment env) => Float32.Minimum(a, b, ref env);

    public static ulong Exact(ulong a, ulong b, ref FpEnvironment env) => Float64.Minimum(a, b, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Host(Vector128<float> a, Vector128<float> b)
        => Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Host(Vector128<double> a, Vector128<double> b)
        => Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);
}
