using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PACKSSWB: words narrowed to signed bytes with saturation.</summary>
internal readonly struct Packsswb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.PackSignedSaturate(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.PackSignedWords(destination, source);
}

/// <summary>PACKUSWB: signed words narrowed to unsigned bytes with saturation.</summary>
internal readonly struct Packuswb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.PackUnsignedSaturate(destination.AsInt16(), source.AsInt16()).AsByte()
            : PortableVector.PackUnsignedWords(destination, source);
}

/// <summary>PACKSSDW: doublewords narrowed to signed words with saturation.</summary>
internal readonly struct Packssdw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.PackSignedSaturate(destination.AsInt32(), source.AsInt32()).AsByte()
            : PortableVector.PackSignedDoublewords(destination, source);
}

/// <summary>PACKUSDW: signed doublewords narrowed to unsigned words with saturation.</summary>
internal readonly struct Packusdw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse41.IsSupported
            ? Sse41.PackUnsignedSaturate(destination.AsInt32(), source.AsInt32()).AsByte()
            : PortableVector.PackUnsignedDoublewords(destination, source);
}

/// <summary>PUNPCKLBW: bytes of the low halves, interleaved.</summary>
internal readonly struct Punpcklbw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackLow(destination, source)
            : PortableVector.UnpackLowBytes(destination, source);
}

/// <summary>PUNPCKLWD: words of the low halves, interleaved.</summary>
internal readonly struct Punpcklwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackLow(destination.AsUInt16(), source.AsUInt16()).AsByte()
            : PortableVector.UnpackLowWords(destination, source);
}

/// <summary>PUNPCKLDQ: doublewords of the low halves, interleaved.</summary>
internal readonly struct Punpckldq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackLow(destination.AsUInt32(), source.AsUInt32()).AsByte()
            : PortableVector.UnpackLowDoublewords(destination, source);
}

/// <summary>PUNPCKHBW: bytes of the high halves, interleaved.</summary>
internal readonly struct Punpckhbw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackHigh(destination, source)
            : PortableVector.UnpackHighBytes(destination, source);
}

/// <summary>PUNPCKHWD: words of the high halves, interleaved.</summary>
internal readonly struct Punpckhwd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackHigh(destination.AsUInt16(), source.AsUInt16()).AsByte()
            : PortableVector.UnpackHighWords(destination, source);
}

/// <summary>PUNPCKHDQ: doublewords of the high halves, interleaved.</summary>
internal readonly struct Punpckhdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Sse2.IsSupported
            ? Sse2.UnpackHigh(destination.AsUInt32(), source.AsUInt32()).AsByte()
            : PortableVector.UnpackHighDoublewords(destination, source);
}

/// <summary>PUNPCKLQDQ, UNPCKLPD, MOVLHPS and MOVHPS from memory: both low halves.</summary>
internal readonly struct Punpcklqdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(destination.GetLower(), source.GetLower());
}

/// <summary>PUNPCKHQDQ, UNPCKHPD: both high halves.</summary>
internal readonly struct Punpckhqdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(destination.GetUpper(), source.GetUpper());
}

/// <summary>PSHUFB: bytes picked by the source.</summary>
internal readonly struct Pshufb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => ByteShift.Shuffle(destination, source);
}

/// <summary>PSHUFB on MMX registers: only three bits pick.</summary>
internal readonly struct PshufbMmx : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => ByteShift.Shuffle(destination, source & Vector128.Create((byte)0x87));
}

/// <summary>PSHUFD: doublewords of the source picked by the immediate.</summary>
internal readonly struct Pshufd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Shuffle(source, ShuffleControls.Doublewords(immediate));
}

/// <summary>PSHUFLW, and PSHUFW on MMX registers: words of the low half picked by the immediate.</summary>
internal readonly struct Pshuflw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Shuffle(source, ShuffleControls.LowWords(immediate));
}

/// <summary>PSHUFHW: words of the high half picked by the immediate.</summary>
internal readonly struct Pshufhw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Shuffle(source, ShuffleControls.HighWords(immediate));
}

/// <summary>SHUFPS: two doublewords of the destination, two of the source.</summary>
internal readonly struct Shufps : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<byte> control = ShuffleControls.Doublewords(immediate);
        return Vector128.Create(ByteShift.Shuffle(destination, control).GetLower(), ByteShift.Shuffle(source, control).GetUpper());
    }
}

/// <summary>SHUFPD: one quadword of the destination, one of the source.</summary>
internal readonly struct Shufpd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.Create(
            (immediate & 1) == 0 ? destination.GetLower() : destination.GetUpper(),
            (immediate & 2) == 0 ? source.GetLower() : source.GetUpper());
}

/// <summary>PBLENDW: words of the source where the immediate's bits are set, else of the destination.</summary>
internal readonly struct Pblendw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<ushort> bits = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
        Vector128<ushort> mask = Vector128.Equals(Vector128.Create((ushort)immediate) & bits, bits);
        return Vector128.ConditionalSelect(mask.AsByte(), source, destination);
    }
}

/// <summary>BLENDPS: doublewords of the source where the immediate's bits are set, else of the destination.</summary>
internal readonly struct Blendps : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<uint> bits = Vector128.Create(1u, 2u, 4u, 8u);
        Vector128<uint> mask = Vector128.Equals(Vector128.Create((uint)immediate) & bits, bits);
        return Vector128.ConditionalSelect(mask.AsByte(), source, destination);
    }
}

/// <summary>BLENDPD: quadwords of the source where the immediate's bits are set, else of the destination.</summary>
internal readonly struct Blendpd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<ulong> bits = Vector128.Create(1UL, 2UL);
        Vector128<ulong> mask = Vector128.Equals(Vector128.Create((ulong)immediate) & bits, bits);
        return Vector128.ConditionalSelect(mask.AsByte(), source, destination);
    }
}

/// <summary>INSERTPS with a register source: one doubleword of the source replaces one of the destination, and some become zero.</summary>
internal readonly struct InsertpsRegister : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => InsertpsMemory.Compute(destination, Vector128.CreateScalar(source.AsUInt32().GetElement(immediate >> 6)).AsByte(), immediate);
}

/// <summary>INSERTPS with a memory source, which is one doubleword.</summary>
internal readonly struct InsertpsMemory : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<uint> result = destination.AsUInt32().WithElement((immediate >> 4) & 3, source.AsUInt32().ToScalar());
        return Blendps.Compute(result.AsByte(), Vector128<byte>.Zero, immediate);
    }
}

/// <summary>PINSRB: the source as one byte of the destination.</summary>
internal readonly struct Pinsrb : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.WithElement(immediate & 15, source.ToScalar());
}

/// <summary>PINSRW: the source as one word of the destination.</summary>
internal readonly struct Pinsrw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.AsUInt16().WithElement(immediate & 7, source.AsUInt16().ToScalar()).AsByte();
}

/// <summary>PINSRD: the source as one doubleword of the destination.</summary>
internal readonly struct Pinsrd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.AsUInt32().WithElement(immediate & 3, source.AsUInt32().ToScalar()).AsByte();
}

/// <summary>PINSRQ: the source as one quadword of the destination.</summary>
internal readonly struct Pinsrq : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.AsUInt64().WithElement(immediate & 1, source.AsUInt64().ToScalar()).AsByte();
}

/// <summary>PINSRW on MMX registers: the source as one word of the destination.</summary>
internal readonly struct PinsrwMmx : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => destination.AsUInt16().WithElement(immediate & 3, source.AsUInt16().ToScalar()).AsByte();
}

/// <summary>PEXTRB: one byte of the source.</summary>
internal readonly struct Pextrb : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.GetElement(immediate & 15));
}

/// <summary>PEXTRW: one word of the source.</summary>
internal readonly struct Pextrw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt16().GetElement(immediate & 7)).AsByte();
}

/// <summary>PEXTRD, EXTRACTPS: one doubleword of the source.</summary>
internal readonly struct Pextrd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt32().GetElement(immediate & 3)).AsByte();
}

/// <summary>PEXTRQ: one quadword of the source.</summary>
internal readonly struct Pextrq : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt64().GetElement(immediate & 1)).AsByte();
}

/// <summary>PEXTRW on MMX registers: one word of the source.</summary>
internal readonly struct PextrwMmx : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt16().GetElement(immediate & 3)).AsByte();
}
