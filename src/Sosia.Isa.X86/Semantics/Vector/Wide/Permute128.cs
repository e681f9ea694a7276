using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPERM2F128, VPERM2I128: each half is one of the operands' four halves or zero.</summary>
internal readonly struct Permute128 : IWide
{
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
        => Vector256.Create(Half(first, source, immediate), Half(first, source, immediate >> 4));

    private static Vector128<byte> Half(Vector256<byte> first, Vector256<byte> source, int control) => (control & 0xb) switch
    {
        0 => first.GetLower(),
        1 => first.GetUpper(),
        2 => source.GetLower(),
        3 => source.GetUpper(),
        _ => Vector128<byte>.Zero,
    };
}
