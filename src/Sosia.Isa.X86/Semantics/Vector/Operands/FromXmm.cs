using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.

/// <summary>An XMM register.</summary>
internal readonly unsafe struct FromXmm : IVectorSource
{
    public static bool IsXmm => true;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        value = *(Vector128<byte>*)((byte*)state + op->Source);
        return true;
    }
}
