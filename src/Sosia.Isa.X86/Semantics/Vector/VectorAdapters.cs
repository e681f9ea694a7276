using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A unary meaning in the general form.</summary>
internal readonly struct OfUnary<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate) => TInsn.Compute(source);
}

/// <summary>A binary meaning in the general form.</summary>
internal readonly struct OfBinary<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate) => TInsn.Compute(destination, source);
}

/// <summary>
/// The MMX form of an instruction that condenses each of its operands into half of the result (packs, horizontal sums): both 8-byte operands
/// side by side are one 16-byte operand.
/// </summary>
internal readonly struct OfJoined<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<byte> joined = Vector128.Create(destination.GetLower(), source.GetLower());
        return TInsn.Compute(joined, joined);
    }
}

/// <summary>The MMX form of an "unpack high": the upper half of what the 16-byte "unpack low" gives.</summary>
internal readonly struct OfUpperHalf<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.Create(TInsn.Compute(destination, source).GetUpper(), Vector64<byte>.Zero);
}

/// <summary>A shift by an immediate: the immediate takes the place of the count operand.</summary>
internal readonly struct OfImmediateCount<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => TInsn.Compute(destination, Vector128.CreateScalar((ulong)immediate).AsByte());
}
