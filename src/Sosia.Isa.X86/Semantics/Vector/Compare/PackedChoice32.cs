using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MINPS, MAXPS.</summary>
internal readonly struct PackedChoice32<TChoice> : IVectorFloat
    where TChoice : struct, IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = TChoice.Host(destination.AsSingle(), source.AsSingle()).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt32()) && FloatChecks.ArePlain(source.AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = result.WithElement(i, TChoice.Exact(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}
