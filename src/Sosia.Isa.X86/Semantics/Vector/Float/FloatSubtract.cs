using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>a - b. A difference never underflows to zero.</summary>
internal readonly struct FloatSubtract : IFloatOperation
{
    public static bool IsUnary => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Host(float a, float b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Host(double a, double b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Host(Vector128<float> a, Vector128<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Host(Vector128<double> a, Vector128<double> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ZeroIsExact(bool aIsZero, bool bIsZero) => true;

    public static uint Exact(uint a, uint b, ref FpEnvironment env) => Float32.Subtract(a, b, ref env);

    public static ulong Exact(ulong a, ulong b, ref FpEnvironment env) => Float64.Subtract(a, b, ref env);
}
