using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// Vector operations that the portable API lacks. Where a host has an instruction of its own for one, the instruction's meaning uses that
/// instead; a test compares the two.
/// </summary>
internal static class PortableVector
{
    /// <summary>The even-numbered words of two operands, the first's below the second's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> EvenWords(Vector128<byte> low, Vector128<byte> high) => Vector128.Narrow(low.AsInt32(), high.AsInt32());

    /// <summary>The odd-numbered words of two operands, the first's below the second's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> OddWords(Vector128<byte> low, Vector128<byte> high) => Vector128.Narrow(low.AsInt32() >> 16, high.AsInt32() >> 16);

    /// <summary>The even-numbered doublewords of two operands, the first's below the second's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> EvenDoublewords(Vector128<byte> low, Vector128<byte> high) => Vector128.Narrow(low.AsInt64(), high.AsInt64());

    /// <summary>The odd-numbered doublewords of two operands, the first's below the second's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OddDoublewords(Vector128<byte> low, Vector128<byte> high) => Vector128.Narrow(low.AsInt64() >>> 32, high.AsInt64() >>> 32);

    /// <summary>PAVGB.</summary>
    public static Vector128<byte> AverageBytes(Vector128<byte> a, Vector128<byte> b) => (a | b) - ((a ^ b) >>> 1);

    /// <summary>PAVGW.</summary>
    public static Vector128<byte> AverageWords(Vector128<byte> a, Vector128<byte> b)
        => ((a | b).AsUInt16() - ((a ^ b).AsUInt16() >>> 1)).AsByte();

    /// <summary>PMULHW.</summary>
    public static Vector128<byte> MultiplyHighSigned(Vector128<byte> a, Vector128<byte> b)
    {
        (Vector128<int> low, Vector128<int> high) = SignedProducts(a, b);
        return Vector128.Narrow(low >> 16, high >> 16).AsByte();
    }

    /// <summary>PMULHUW.</summary>
    public static Vector128<byte> MultiplyHighUnsigned(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<uint> low = Vector128.WidenLower(a.AsUInt16()) * Vector128.WidenLower(b.AsUInt16());
        Vector128<uint> high = Vector128.WidenUpper(a.AsUInt16()) * Vector128.WidenUpper(b.AsUInt16());
        return Vector128.Narrow(low >>> 16, high >>> 16).AsByte();
    }

    /// <summary>PMULHRSW.</summary>
    public static Vector128<byte> MultiplyRoundScale(Vector128<byte> a, Vector128<byte> b)
    {
        (Vector128<int> low, Vector128<int> high) = SignedProducts(a, b);
        return Vector128.Narrow(((low >> 14) + Vector128<int>.One) >> 1, ((high >> 14) + Vector128<int>.One) >> 1).AsByte();
    }

    /// <summary>PMULUDQ.</summary>
    public static Vector128<byte> MultiplyEvenUnsigned(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<ulong> mask = Vector128.Create(0xffff_ffffUL);
        return ((a.AsUInt64() & mask) * (b.AsUInt64() & mask)).AsByte();
    }

    /// <summary>PMULDQ.</summary>
    public static Vector128<byte> MultiplyEvenSigned(Vector128<byte> a, Vector128<byte> b)
        => (((a.AsInt64() << 32) >> 32) * ((b.AsInt64() << 32) >> 32)).AsByte();

    /// <summary>PMADDWD.</summary>
    public static Vector128<byte> MultiplyAddWords(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<int> even = ((a.AsInt32() << 16) >> 16) * ((b.AsInt32() << 16) >> 16);
        return (even + ((a.AsInt32() >> 16) * (b.AsInt32() >> 16))).AsByte();
    }

    /// <summary>PMADDUBSW: the first operand's bytes are unsigned.</summary>
    public static Vector128<byte> MultiplyAddBytes(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<short> even = (a.AsUInt16() & Vector128.Create((ushort)0xff)).AsInt16() * ((b.AsInt16() << 8) >> 8);
        Vector128<short> odd = (a.AsUInt16() >>> 8).AsInt16() * (b.AsInt16() >> 8);
        return Vector128.AddSaturate(even, odd).AsByte();
    }

    /// <summary>PSADBW.</summary>
    public static Vector128<byte> SumAbsoluteDifferences(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<byte> differences = Vector128.Max(a, b) - Vector128.Min(a, b);
        return Vector128.Create(
            (ulong)Vector128.Sum(Vector128.WidenLower(differences)),
            Vector128.Sum(Vector128.WidenUpper(differences))).AsByte();
    }

    /// <summary>PACKSSWB.</summary>
    public static Vector128<byte> PackSignedWords(Vector128<byte> low, Vector128<byte> high)
        => Vector128.Narrow(Clamp(low.AsInt16(), sbyte.MinValue, sbyte.MaxValue), Clamp(high.AsInt16(), sbyte.MinValue, sbyte.MaxValue)).AsByte();

    /// <summary>PACKUSWB.</summary>
    public static Vector128<byte> PackUnsignedWords(Vector128<byte> low, Vector128<byte> high)
        => Vector128.Narrow(Clamp(low.AsInt16(), byte.MinValue, byte.MaxValue), Clamp(high.AsInt16(), byte.MinValue, byte.MaxValue)).AsByte();

    /// <summary>PACKSSDW.</summary>
    public static Vector128<byte> PackSignedDoublewords(Vector128<byte> low, Vector128<byte> high)
        => Vector128.Narrow(Clamp(low.AsInt32(), short.MinValue, short.MaxValue), Clamp(high.AsInt32(), short.MinValue, short.MaxValue)).AsByte();

    /// <summary>PACKUSDW.</summary>
    public static Vector128<byte> PackUnsignedDoublewords(Vector128<byte> low, Vector128<byte> high)
        => Vector128.Narrow(Clamp(low.AsInt32(), ushort.MinValue, ushort.MaxValue), Clamp(high.AsInt32(), ushort.MinValue, ushort.MaxValue)).AsByte();

    /// <summary>PUNPCKLBW.</summary>
    public static Vector128<byte> UnpackLowBytes(Vector128<byte> a, Vector128<byte> b)
        => (Vector128.WidenLower(a) | (Vector128.WidenLower(b) << 8)).AsByte();

    /// <summary>PUNPCKHBW.</summary>
    public static Vector128<byte> UnpackHighBytes(Vector128<byte> a, Vector128<byte> b)
        => (Vector128.WidenUpper(a) | (Vector128.WidenUpper(b) << 8)).AsByte();

    /// <summary>PUNPCKLWD.</summary>
    public static Vector128<byte> UnpackLowWords(Vector128<byte> a, Vector128<byte> b)
        => (Vector128.WidenLower(a.AsUInt16()) | (Vector128.WidenLower(b.AsUInt16()) << 16)).AsByte();

    /// <summary>PUNPCKHWD.</summary>
    public static Vector128<byte> UnpackHighWords(Vector128<byte> a, Vector128<byte> b)
        => (Vector128.WidenUpper(a.AsUInt16()) | (Vector128.WidenUpper(b.AsUInt16()) << 16)).AsByte();

    /// <summary>PUNPCKLDQ.</summary>
    public static Vector128<byte> UnpackLowDoublewords(Vector128<byte> a, Vector128<byte> b)
        => (Vector128.WidenLower(a.AsUInt32()) | (Vector128.WidenLower(b.AsUInt32()) << 32)).AsByte();

    /// <summary>PUNPCKHDQ.</summary>
    public static Vector128<byte> UnpackHighDoublewords(Vector128<byte> a, Vector128<byte> b)
        => (Vector128.WidenUpper(a.AsUInt32()) | (Vector128.WidenUpper(b.AsUInt32()) << 32)).AsByte();

    private static (Vector128<int> Low, Vector128<int> High) SignedProducts(Vector128<byte> a, Vector128<byte> b)
        => (Vector128.WidenLower(a.AsInt16()) * Vector128.WidenLower(b.AsInt16()), Vector128.WidenUpper(a.AsInt16()) * Vector128.WidenUpper(b.AsInt16()));

    private static Vector128<short> Clamp(Vector128<short> value, short minimum, short maximum)
        => Vector128.Min(Vector128.Max(value, Vector128.Create(minimum)), Vector128.Create(maximum));

    private static Vector128<int> Clamp(Vector128<int> value, int minimum, int maximum)
        => Vector128.Min(Vector128.Max(value, Vector128.Create(minimum)), Vector128.Create(maximum));
}
