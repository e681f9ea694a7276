using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPERMILPD with a control operand: quadwords of the first, picked by bit 1 of the second's.</summary>
internal readonly struct Permilpd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<ulong> control = source.AsUInt64();
        return Vector128.Create(
            (control.ToScalar() & 2) == 0 ? destination.GetLower() : destination.GetUpper(),
            (control.GetElement(1) & 2) == 0 ? destination.GetLower() : destination.GetUpper());
    }
}
