using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>HADDPS, HSUBPS: the operation between adjacent elements, the destination's below the source's.</summary>
internal readonly struct Horizontal32<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
        => Packed32<TOperation>.TryFast(Even(destination, source), Odd(destination, source), immediate, mxcsr, out result);

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Packed32<TOperation>.Exact(Even(destination, source), Odd(destination, source), immediate, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Even(Vector128<byte> low, Vector128<byte> high)
        => PortableVector.EvenDoublewords(low, high).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Odd(Vector128<byte> low, Vector128<byte> high)
        => PortableVector.OddDoublewords(low, high).AsByte();
}

/// <summary>ADDSUBPS: even elements are subtracted, odd ones added.</summary>
internal readonly struct Addsubps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<byte> signs = Vector128.Create(0x0000_0000_8000_0000UL).AsByte();
        return Packed32<FloatAdd>.TryFast(destination, source ^ signs, immediate, mxcsr, out result);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            uint a = destination.AsUInt32().GetElement(i);
            uint b = source.AsUInt32().GetElement(i);
            result = result.WithElement(i, (i & 1) == 0 ? Float32.Subtract(a, b, ref env) : Float32.Add(a, b, ref env));
        }

        return result.AsByte();
    }
}

/// <summary>HADDPD, HSUBPD: the operation between adjacent elements, the destination's below the source's.</summary>
internal readonly struct Horizontal64<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
        => Packed64<TOperation>.TryFast(Even(destination, source), Odd(destination, source), immediate, mxcsr, out result);

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Packed64<TOperation>.Exact(Even(destination, source), Odd(destination, source), immediate, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Even(Vector128<byte> low, Vector128<byte> high)
        => Punpcklqdq.Compute(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Odd(Vector128<byte> low, Vector128<byte> high)
        => Punpckhqdq.Compute(low, high);
}

/// <summary>ADDSUBPD: even elements are subtracted, odd ones added.</summary>
internal readonly struct Addsubpd : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<byte> signs = Vector128.Create(0x8000_0000_0000_0000UL, 0).AsByte();
        return Packed64<FloatAdd>.TryFast(destination, source ^ signs, immediate, mxcsr, out result);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            ulong a = destination.AsUInt64().GetElement(i);
            ulong b = source.AsUInt64().GetElement(i);
            result = result.WithElement(i, (i & 1) == 0 ? Float64.Subtract(a, b, ref env) : Float64.Add(a, b, ref env));
        }

        return result.AsByte();
    }
}

/// <summary>DPPS: the sum of the products that the immediate's high half selects, in the elements that its low half selects.</summary>
internal readonly struct Dpps : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = default;
        return false;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> products = default;
        for (int i = 0; i < 4; i++)
        {
            if ((immediate >> (4 + i) & 1) != 0)
            {
                products = products.WithElement(i, Float32.Multiply(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ref env));
            }
        }

        // Unmasked exceptions of one step end the instruction before the next (SDM vol. 2, DPPS).
        if (env.HasUnmasked)
        {
            return default;
        }

        Vector128<uint> pairs = AddNeighbours(products, swap: 1, ref env);
        return env.HasUnmasked ? default : Blendps.Compute(Vector128<byte>.Zero, AddNeighbours(pairs, swap: 2, ref env).AsByte(), immediate);
    }

    // Each element plus one of the others. All four end with the same sum, but with several NaNs the operands' order tells: this is the order of Intel's processors.
    private static Vector128<uint> AddNeighbours(Vector128<uint> values, int swap, ref FpEnvironment env)
    {
        Vector128<uint> sums = default;
        for (int i = 0; i < 4; i++)
        {
            uint own = values.GetElement(i);
            uint other = values.GetElement(i ^ swap);
            sums = sums.WithElement(i, swap == 1 ? Float32.Add(other, own, ref env) : Float32.Add(own, other, ref env));
        }

        return sums;
    }
}

/// <summary>DPPD: as DPPS with two elements.</summary>
internal readonly struct Dppd : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = default;
        return false;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        ulong low = (immediate & 0x10) == 0 ? 0 : Float64.Multiply(destination.AsUInt64().ToScalar(), source.AsUInt64().ToScalar(), ref env);
        ulong high = (immediate & 0x20) == 0 ? 0 : Float64.Multiply(destination.AsUInt64().GetElement(1), source.AsUInt64().GetElement(1), ref env);
        if (env.HasUnmasked)
        {
            return default;
        }

        // With two NaNs each element shows its own, as Intel's processors do.
        Vector128<ulong> sums = Vector128.Create(Float64.Add(low, high, ref env), Float64.Add(high, low, ref env));
        return Blendpd.Compute(Vector128<byte>.Zero, sums.AsByte(), immediate);
    }
}
