using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.

/// <summary>The arithmetic flags: the result holds the two lazy words R and C (see <see cref="LazyFlags"/>). The destination operand, an XMM register, is only read.</summary>
internal readonly unsafe struct ToFlags : IVectorDestination
{
    public static bool IsXmm => true;

    public static bool IsMmx => false;

    public static bool IsVex => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => *(Vector128<byte>*)((byte*)state + op->Destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
    {
        state->FlagResult = value.AsUInt64().ToScalar();
        state->FlagCarries = value.AsUInt64().GetElement(1);
        return true;
    }
}
