using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Byte permutations by a control that is not a constant.</summary>
internal static class ByteShift
{
    private static Vector128<byte> Positions
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    }

    /// <summary>PSHUFB: byte i is the one that control byte i numbers, or zero when its top bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Shuffle(Vector128<byte> value, Vector128<byte> control)
        => Ssse3.IsSupported
            ? Ssse3.Shuffle(value, control)
            : Vector128.Shuffle(value, control & Vector128.Create((byte)0x8f));

    /// <summary>Shifted left by a number of bytes, 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Left(Vector128<byte> value, int byteCount)
        // A position below zero has its top bit set.
        => byteCount < 16 ? Shuffle(value, Positions - Vector128.Create((byte)byteCount)) : Vector128<byte>.Zero;

    /// <summary>Shifted right by a number of bytes, 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Right(Vector128<byte> value, int byteCount)
        // 0x70 more sets the top bit of positions above 15 and leaves the low four bits alone.
        => byteCount < 16 ? Shuffle(value, Positions + Vector128.Create((byte)(byteCount + 0x70))) : Vector128<byte>.Zero;
}
