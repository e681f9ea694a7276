using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A move of as much as both operands hold; a shorter source is zero-extended.</summary>
internal readonly struct Move : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => source;
}

/// <summary>MOVSD and MOVLPD, MOVLPS: the low half of the source under the high half of the destination.</summary>
internal readonly struct MergeLow8 : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(source.GetLower(), destination.GetUpper());
}

/// <summary>MOVSS between registers: the low doubleword of the source.</summary>
internal readonly struct MergeLow4 : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => destination.AsSingle().WithElement(0, source.AsSingle().ToScalar()).AsByte();
}

/// <summary>MOVQ between XMM registers: the low half, zero-extended.</summary>
internal readonly struct ZeroUpper : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.AsUInt64().ToScalar()).AsByte();
}

/// <summary>MOVHLPS: the high half of the source under the high half of the destination.</summary>
internal readonly struct Movhlps : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(source.GetUpper(), destination.GetUpper());
}

/// <summary>MOVHPS and MOVHPD to memory: the high half.</summary>
internal readonly struct HighToLow : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Create(source.GetUpper(), Vector64<byte>.Zero);
}

/// <summary>MOVDDUP: the low quadword twice.</summary>
internal readonly struct Movddup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Create(source.GetLower(), source.GetLower());
}

/// <summary>MOVSLDUP: the even doublewords, each twice.</summary>
internal readonly struct Movsldup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Shuffle(source.AsUInt32(), Vector128.Create(0u, 0, 2, 2)).AsByte();
}

/// <summary>MOVSHDUP: the odd doublewords, each twice.</summary>
internal readonly struct Movshdup : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Shuffle(source.AsUInt32(), Vector128.Create(1u, 1, 3, 3)).AsByte();
}

/// <summary>PMOVMSKB: the top bits of the bytes.</summary>
internal readonly struct Pmovmskb : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.ExtractMostSignificantBits()).AsByte();
}

/// <summary>MOVMSKPS: the top bits of the doublewords.</summary>
internal readonly struct Movmskps : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.AsUInt32().ExtractMostSignificantBits()).AsByte();
}

/// <summary>MOVMSKPD: the top bits of the quadwords.</summary>
internal readonly struct Movmskpd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.CreateScalar(source.AsUInt64().ExtractMostSignificantBits()).AsByte();
}

/// <summary>PMOVSXBW: low bytes sign-extended to words.</summary>
internal readonly struct Pmovsxbw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsSByte()).AsByte();
}

/// <summary>PMOVSXBD: low bytes sign-extended to doublewords.</summary>
internal readonly struct Pmovsxbd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(Vector128.WidenLower(source.AsSByte())).AsByte();
}

/// <summary>PMOVSXBQ: low bytes sign-extended to quadwords.</summary>
internal readonly struct Pmovsxbq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(Vector128.WidenLower(Vector128.WidenLower(source.AsSByte()))).AsByte();
}

/// <summary>PMOVSXWD: low words sign-extended to doublewords.</summary>
internal readonly struct Pmovsxwd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsInt16()).AsByte();
}

/// <summary>PMOVSXWQ: low words sign-extended to quadwords.</summary>
internal readonly struct Pmovsxwq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(Vector128.WidenLower(source.AsInt16())).AsByte();
}

/// <summary>PMOVSXDQ: low doublewords sign-extended to quadwords.</summary>
internal readonly struct Pmovsxdq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsInt32()).AsByte();
}

/// <summary>PMOVZXBW: low bytes zero-extended to words.</summary>
internal readonly struct Pmovzxbw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source).AsByte();
}

/// <summary>PMOVZXBD: low bytes zero-extended to doublewords.</summary>
internal readonly struct Pmovzxbd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(Vector128.WidenLower(source)).AsByte();
}

/// <summary>PMOVZXBQ: low bytes zero-extended to quadwords.</summary>
internal readonly struct Pmovzxbq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(Vector128.WidenLower(Vector128.WidenLower(source))).AsByte();
}

/// <summary>PMOVZXWD: low words zero-extended to doublewords.</summary>
internal readonly struct Pmovzxwd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsUInt16()).AsByte();
}

/// <summary>PMOVZXWQ: low words zero-extended to quadwords.</summary>
internal readonly struct Pmovzxwq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(Vector128.WidenLower(source.AsUInt16())).AsByte();
}

/// <summary>PMOVZXDQ: low doublewords zero-extended to quadwords.</summary>
internal readonly struct Pmovzxdq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsUInt32()).AsByte();
}
