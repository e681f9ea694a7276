using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>√b.</summary>
internal readonly struct FloatSquareRoot : IFloatOperation
{
    public static bool IsUnary => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Host(float a, float b) => MathF.Sqrt(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Host(double a, double b) => Math.Sqrt(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Host(Vector128<float> a, Vector128<float> b) => Vector128.Sqrt(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<double> Host(Vector128<double> a, Vector128<double> b) => Vector128.Sqrt(b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ZeroIsExact(bool aIsZero, bool bIsZero) => true;

    public static uint Exact(uint a, uint b, ref FpEnvironment env) => Float32.SquareRoot(b, ref env);

    public static ulong Exact(ulong a, ulong b, ref FpEnvironment env) => Float64.SquareRoot(b, ref env);
}
