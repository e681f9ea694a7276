using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTSI2SD from 32 bits. Always exact.</summary>
internal readonly struct Cvtsi2sd32 : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        int value = source.AsInt32().ToScalar();
        result = destination.AsDouble().WithElement(0, (double)value).AsByte();
        return true;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => destination.AsUInt64().WithElement(0, Float64.FromInt32(source.AsInt32().ToScalar())).AsByte();
}
