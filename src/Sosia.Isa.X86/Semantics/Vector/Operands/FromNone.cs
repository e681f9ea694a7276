using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the pointers are not used.

/// <summary>There is no source.</summary>
internal readonly unsafe struct FromNone : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        value = default;
        return true;
    }
}
