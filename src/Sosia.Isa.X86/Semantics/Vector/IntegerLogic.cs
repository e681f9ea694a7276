using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PAND, ANDPS, ANDPD.</summary>
internal readonly struct Pand : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => destination & source;
}

/// <summary>PANDN, ANDNPS, ANDNPD: the source without the bits of the destination.</summary>
internal readonly struct Pandn : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.AndNot(source, destination);
}

/// <summary>POR, ORPS, ORPD.</summary>
internal readonly struct Por : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => destination | source;
}

/// <summary>PXOR, XORPS, XORPD.</summary>
internal readonly struct Pxor : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => destination ^ source;
}

/// <summary>PCMPEQB: all ones where bytes are equal.</summary>
internal readonly struct Pcmpeqb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Equals(destination, source);
}

/// <summary>PCMPEQW: all ones where words are equal.</summary>
internal readonly struct Pcmpeqw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Equals(destination.AsUInt16(), source.AsUInt16()).AsByte();
}

/// <summary>PCMPEQD: all ones where doublewords are equal.</summary>
internal readonly struct Pcmpeqd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Equals(destination.AsUInt32(), source.AsUInt32()).AsByte();
}

/// <summary>PCMPEQQ: all ones where quadwords are equal.</summary>
internal readonly struct Pcmpeqq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Equals(destination.AsUInt64(), source.AsUInt64()).AsByte();
}

/// <summary>PCMPGTB: all ones where signed bytes of the destination are greater.</summary>
internal readonly struct Pcmpgtb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsSByte(), source.AsSByte()).AsByte();
}

/// <summary>PCMPGTW: all ones where signed words of the destination are greater.</summary>
internal readonly struct Pcmpgtw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsInt16(), source.AsInt16()).AsByte();
}

/// <summary>PCMPGTD: all ones where signed doublewords of the destination are greater.</summary>
internal readonly struct Pcmpgtd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsInt32(), source.AsInt32()).AsByte();
}

/// <summary>PCMPGTQ: all ones where signed quadwords of the destination are greater.</summary>
internal readonly struct Pcmpgtq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.GreaterThan(destination.AsInt64(), source.AsInt64()).AsByte();
}

/// <summary>PTEST: ZF when no bit of the source is set in the destination, CF when none is set outside it.</summary>
internal readonly struct Ptest : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => FlagWords.Create(
            zero: (destination & source) == Vector128<byte>.Zero,
            parity: false,
            carry: Vector128.AndNot(source, destination) == Vector128<byte>.Zero);
}

/// <summary>PSLLW: words shifted left; counts of 16 and more give zero.</summary>
internal readonly struct Psllw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 16 ? (destination.AsUInt16() << (int)count).AsByte() : Vector128<byte>.Zero;
    }
}

/// <summary>PSLLD: doublewords shifted left; counts of 32 and more give zero.</summary>
internal readonly struct Pslld : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 32 ? (destination.AsUInt32() << (int)count).AsByte() : Vector128<byte>.Zero;
    }
}

/// <summary>PSLLQ: quadwords shifted left; counts of 64 and more give zero.</summary>
internal readonly struct Psllq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 64 ? (destination.AsUInt64() << (int)count).AsByte() : Vector128<byte>.Zero;
    }
}

/// <summary>PSRLW: words shifted right; counts of 16 and more give zero.</summary>
internal readonly struct Psrlw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 16 ? (destination.AsUInt16() >>> (int)count).AsByte() : Vector128<byte>.Zero;
    }
}

/// <summary>PSRLD: doublewords shifted right; counts of 32 and more give zero.</summary>
internal readonly struct Psrld : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 32 ? (destination.AsUInt32() >>> (int)count).AsByte() : Vector128<byte>.Zero;
    }
}

/// <summary>PSRLQ: quadwords shifted right; counts of 64 and more give zero.</summary>
internal readonly struct Psrlq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 64 ? (destination.AsUInt64() >>> (int)count).AsByte() : Vector128<byte>.Zero;
    }
}

/// <summary>PSRAW: signed words shifted right; counts of 16 and more give the sign.</summary>
internal readonly struct Psraw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return (destination.AsInt16() >> (count < 16 ? (int)count : 15)).AsByte();
    }
}

/// <summary>PSRAD: signed doublewords shifted right; counts of 32 and more give the sign.</summary>
internal readonly struct Psrad : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return (destination.AsInt32() >> (count < 32 ? (int)count : 31)).AsByte();
    }
}

/// <summary>PSLLDQ: the whole register shifted left by bytes.</summary>
internal readonly struct Pslldq : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Left(destination, immediate);
}

/// <summary>PSRLDQ: the whole register shifted right by bytes.</summary>
internal readonly struct Psrldq : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Right(destination, immediate);
}

/// <summary>PALIGNR: 16 bytes out of destination and source side by side.</summary>
internal readonly struct Palignr : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => immediate < 16
            ? ByteShift.Right(source, immediate) | ByteShift.Left(destination, 16 - immediate)
            : ByteShift.Right(destination, immediate - 16);
}

/// <summary>PALIGNR on MMX registers: 8 bytes out of destination and source side by side.</summary>
internal readonly struct PalignrMmx : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Right(Vector128.Create(source.GetLower(), destination.GetLower()), immediate);
}
