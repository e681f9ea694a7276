using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.
/// <summary>32 bytes in memory that must be aligned.</summary>
internal readonly unsafe struct FromMemory32Aligned : IWideSource
{
    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector256<byte> value)
        => VectorMemory.TryReadAligned(state, op, out value);
}
