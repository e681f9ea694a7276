using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A source of 16 bytes or less in the low half.</summary>
internal readonly unsafe struct Low<TSource> : IWideSource
    where TSource : struct, IVectorSource
{
    public static bool IsMemory => TSource.IsMemory;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector256<byte> value)
    {
        bool ok = TSource.TryLoad(state, op, out Vector128<byte> low);
        value = Vector256.Create(low, Vector128<byte>.Zero);
        return ok;
    }
}
