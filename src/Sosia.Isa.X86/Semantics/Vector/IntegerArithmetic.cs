using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PADDB: sums of bytes.</summary>
internal readonly struct Paddb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination + source);
}

/// <summary>PADDW: sums of words.</summary>
internal readonly struct Paddw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsUInt16() + source.AsUInt16()).AsByte();
}

/// <summary>PADDD: sums of doublewords.</summary>
internal readonly struct Paddd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsUInt32() + source.AsUInt32()).AsByte();
}

/// <summary>PADDQ: sums of quadwords.</summary>
internal readonly struct Paddq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsUInt64() + source.AsUInt64()).AsByte();
}

/// <summary>PSUBB: differences of bytes.</summary>
internal readonly struct Psubb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination - source);
}

/// <summary>PSUBW: differences of words.</summary>
internal readonly struct Psubw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsUInt16() - source.AsUInt16()).AsByte();
}

/// <summary>PSUBD: differences of doublewords.</summary>
internal readonly struct Psubd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsUInt32() - source.AsUInt32()).AsByte();
}

/// <summary>PSUBQ: differences of quadwords.</summary>
internal readonly struct Psubq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => (destination.AsUInt64() - source.AsUInt64()).AsByte();
}

/// <summary>PADDSB: saturated sums of signed bytes.</summary>
internal readonly struct Paddsb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AddSaturate(destination.AsSByte(), source.AsSByte()).AsByte();
}

/// <summary>PADDSW: saturated sums of signed words.</summary>
internal readonly struct Paddsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AddSaturate(destination.AsInt16(), source.AsInt16()).AsByte();
}

/// <summary>PADDUSB: saturated sums of unsigned bytes.</summary>
internal readonly struct Paddusb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AddSaturate(destination, source);
}

/// <summary>PADDUSW: saturated sums of unsigned words.</summary>
internal readonly struct Paddusw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AddSaturate(destination.AsUInt16(), source.AsUInt16()).AsByte();
}

/// <summary>PSUBSB: saturated differences of signed bytes.</summary>
internal readonly struct Psubsb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(destination.AsSByte(), source.AsSByte()).AsByte();
}

/// <summary>PSUBSW: saturated differences of signed words.</summary>
internal readonly struct Psubsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(destination.AsInt16(), source.AsInt16()).AsByte();
}

/// <summary>PSUBUSB: saturated differences of unsigned bytes.</summary>
internal readonly struct Psubusb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(destination, source);
}

/// <summary>PSUBUSW: saturated differences of unsigned words.</summary>
internal readonly struct Psubusw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.SubtractSaturate(destination.AsUInt16(), source.AsUInt16()).AsByte();
}

/// <summary>PMINUB: smaller of unsigned bytes.</summary>
internal readonly struct Pminub : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Min(destination, source);
}

/// <summary>PMINSW: smaller of signed words.</summary>
internal readonly struct Pminsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Min(destination.AsInt16(), source.AsInt16()).AsByte();
}

/// <summary>PMINSB: smaller of signed bytes.</summary>
internal readonly struct Pminsb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Min(destination.AsSByte(), source.AsSByte()).AsByte();
}

/// <summary>PMINUW: smaller of unsigned words.</summary>
internal readonly struct Pminuw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Min(destination.AsUInt16(), source.AsUInt16()).AsByte();
}

/// <summary>PMINSD: smaller of signed doublewords.</summary>
internal readonly struct Pminsd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Min(destination.AsInt32(), source.AsInt32()).AsByte();
}

/// <summary>PMINUD: smaller of unsigned doublewords.</summary>
internal readonly struct Pminud : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Min(destination.AsUInt32(), source.AsUInt32()).AsByte();
}

/// <summary>PMAXUB: larger of unsigned bytes.</summary>
internal readonly struct Pmaxub : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Max(destination, source);
}

/// <summary>PMAXSW: larger of signed words.</summary>
internal readonly struct Pmaxsw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Max(destination.AsInt16(), source.AsInt16()).AsByte();
}

/// <summary>PMAXSB: larger of signed bytes.</summary>
internal readonly struct Pmaxsb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Max(destination.AsSByte(), source.AsSByte()).AsByte();
}

/// <summary>PMAXUW: larger of unsigned words.</summary>
internal readonly struct Pmaxuw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Max(destination.AsUInt16(), source.AsUInt16()).AsByte();
}

/// <summary>PMAXSD: larger of signed doublewords.</summary>
internal readonly struct Pmaxsd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Max(destination.AsInt32(), source.AsInt32()).AsByte();
}

/// <summary>PMAXUD: larger of unsigned doublewords.</summary>
internal readonly struct Pmaxud : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Max(destination.AsUInt32(), source.AsUInt32()).AsByte();
}

/// <summary>PAVGB: averages of unsigned bytes, rounded up.</summary>
internal readonly struct Pavgb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported ? Sse2.Average(destination, source) : PortableVector.AverageBytes(destination, source);
}

/// <summary>PAVGW: averages of unsigned words, rounded up.</summary>
internal readonly struct Pavgw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported ? Sse2.Average(destination.AsUInt16(), source.AsUInt16()).AsByte() : PortableVector.AverageWords(destination, source);
}

/// <summary>PABSB: magnitudes of bytes; the most negative number stays.</summary>
internal readonly struct Pabsb : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Abs(source.AsSByte()).AsByte();
}

/// <summary>PABSW: magnitudes of words; the most negative number stays.</summary>
internal readonly struct Pabsw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Abs(source.AsInt16()).AsByte();
}

/// <summary>PABSD: magnitudes of doublewords; the most negative number stays.</summary>
internal readonly struct Pabsd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Abs(source.AsInt32()).AsByte();
}

/// <summary>PSIGNB: bytes of the destination, negated, zeroed or kept by the sign of the source's.</summary>
internal readonly struct Psignb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<sbyte> control = source.AsSByte();
        Vector128<sbyte> negative = Vector128.LessThan(control, Vector128<sbyte>.Zero);
        Vector128<sbyte> result = (destination.AsSByte() ^ negative) - negative;
        return Vector128.AndNot(result, Vector128.Equals(control, Vector128<sbyte>.Zero)).AsByte();
    }
}

/// <summary>PSIGNW: words of the destination, negated, zeroed or kept by the sign of the source's.</summary>
internal readonly struct Psignw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<short> control = source.AsInt16();
        Vector128<short> negative = Vector128.LessThan(control, Vector128<short>.Zero);
        Vector128<short> result = (destination.AsInt16() ^ negative) - negative;
        return Vector128.AndNot(result, Vector128.Equals(control, Vector128<short>.Zero)).AsByte();
    }
}

/// <summary>PSIGND: doublewords of the destination, negated, zeroed or kept by the sign of the source's.</summary>
internal readonly struct Psignd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<int> control = source.AsInt32();
        Vector128<int> negative = Vector128.LessThan(control, Vector128<int>.Zero);
        Vector128<int> result = (destination.AsInt32() ^ negative) - negative;
        return Vector128.AndNot(result, Vector128.Equals(control, Vector128<int>.Zero)).AsByte();
    }
}
