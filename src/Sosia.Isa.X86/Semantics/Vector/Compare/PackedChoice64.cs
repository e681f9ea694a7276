using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MINPD, MAXPD.</summary>
internal readonly struct PackedChoice64<TChoice> : IVectorFloat
    where TChoice : struct, IFloatChoice
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = TChoice.Host(destination.AsDouble(), source.AsDouble()).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt64()) && FloatChecks.ArePlain(source.AsUInt64());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            result = result.WithElement(i, TChoice.Exact(destination.AsUInt64().GetElement(i), source.AsUInt64().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}
