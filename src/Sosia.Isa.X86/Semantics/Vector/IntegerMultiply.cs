using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMULLW: low halves of the products of words.</summary>
internal readonly struct Pmullw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsInt16() * source.AsInt16()).AsByte();
}

/// <summary>PMULHW: high halves of the products of signed words.</summary>
internal readonly struct Pmulhw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.MultiplyHigh(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.MultiplyHighSigned(destination, source);
}

/// <summary>PMULHUW: high halves of the products of unsigned words.</summary>
internal readonly struct Pmulhuw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.MultiplyHigh(destination.AsUInt16(), source.AsUInt16()).AsByte()
            : PortableVector.MultiplyHighUnsigned(destination, source);
}

/// <summary>PMULHRSW: products of signed words as 1.15 fractions, rounded.</summary>
internal readonly struct Pmulhrsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Ssse3.IsSupported
            ? Ssse3.MultiplyHighRoundScale(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.MultiplyRoundScale(destination, source);
}

/// <summary>PMULLD: low halves of the products of doublewords.</summary>
internal readonly struct Pmulld : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsInt32() * source.AsInt32()).AsByte();
}

/// <summary>PMULUDQ: products of the even unsigned doublewords.</summary>
internal readonly struct Pmuludq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.Multiply(destination.AsUInt32(), source.AsUInt32()).AsByte()
            : PortableVector.MultiplyEvenUnsigned(destination, source);
}

/// <summary>PMULDQ: products of the even signed doublewords.</summary>
internal readonly struct Pmuldq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse41.IsSupported
            ? Sse41.Multiply(destination.AsInt32(), source.AsInt32()).AsByte()
            : PortableVector.MultiplyEvenSigned(destination, source);
}

/// <summary>PMADDWD: products of signed words, adjacent ones summed.</summary>
internal readonly struct Pmaddwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.MultiplyAddAdjacent(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.MultiplyAddWords(destination, source);
}

/// <summary>PMADDUBSW: products of unsigned bytes of the destination and signed ones of the source, adjacent ones summed with saturation.</summary>
internal readonly struct Pmaddubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Ssse3.IsSupported
            ? Ssse3.MultiplyAddAdjacent(destination, source.AsSByte()).AsByte()
            : PortableVector.MultiplyAddBytes(destination, source);
}

/// <summary>PSADBW: sum of the differences of unsigned bytes, for each 8 bytes.</summary>
internal readonly struct Psadbw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.SumAbsoluteDifferences(destination, source).AsByte()
            : PortableVector.SumAbsoluteDifferences(destination, source);
}

/// <summary>PHADDW: sums of adjacent words, the destination's below the source's.</summary>
internal readonly struct Phaddw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (PortableVector.EvenWords(destination, source) + PortableVector.OddWords(destination, source)).AsByte();
}

/// <summary>PHSUBW: differences of adjacent words, the destination's below the source's.</summary>
internal readonly struct Phsubw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (PortableVector.EvenWords(destination, source) - PortableVector.OddWords(destination, source)).AsByte();
}

/// <summary>PHADDD: sums of adjacent doublewords, the destination's below the source's.</summary>
internal readonly struct Phaddd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (PortableVector.EvenDoublewords(destination, source) + PortableVector.OddDoublewords(destination, source)).AsByte();
}

/// <summary>PHSUBD: differences of adjacent doublewords, the destination's below the source's.</summary>
internal readonly struct Phsubd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (PortableVector.EvenDoublewords(destination, source) - PortableVector.OddDoublewords(destination, source)).AsByte();
}

/// <summary>PHADDSW: saturated sums of adjacent words.</summary>
internal readonly struct Phaddsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AddSaturate(PortableVector.EvenWords(destination, source), PortableVector.OddWords(destination, source)).AsByte();
}

/// <summary>PHSUBSW: saturated differences of adjacent words.</summary>
internal readonly struct Phsubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(PortableVector.EvenWords(destination, source), PortableVector.OddWords(destination, source)).AsByte();
}

/// <summary>PHMINPOSUW: the smallest unsigned word and its position.</summary>
internal readonly struct Phminposuw : IVectorUnary
{
    public static Vector128<byte> Compute(Vector128<byte> source)
    {
        Vector128<ushort> words = source.AsUInt16();
        int position = 0;
        for (int i = 1; i < 8; i++)
        {
            position = words.GetElement(i) < words.GetElement(position) ? i : position;
        }

        return Vector128.CreateScalar(words.GetElement(position) | ((uint)position << 16)).AsByte();
    }
}

/// <summary>MPSADBW: sums of the differences between one group of four source bytes and eight overlapping groups of the destination.</summary>
internal readonly struct Mpsadbw : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        int sourceStart = (immediate & 3) * 4;
        int destinationStart = (immediate >> 2 & 1) * 4;
        Vector128<ushort> result = default;
        for (int i = 0; i < 8; i++)
        {
            int sum = 0;
            for (int j = 0; j < 4; j++)
            {
                sum += Math.Abs(destination.GetElement(destinationStart + i + j) - source.GetElement(sourceStart + j));
            }

            result = result.WithElement(i, (ushort)sum);
        }

        return result.AsByte();
    }
}
