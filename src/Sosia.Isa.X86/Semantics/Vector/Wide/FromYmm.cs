using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.
/// <summary>A YMM register.</summary>
internal readonly unsafe struct FromYmm : IWideSource
{
    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector256<byte> value)
    {
        value = *(Vector256<byte>*)((byte*)state + op->Source);
        return true;
    }
}
