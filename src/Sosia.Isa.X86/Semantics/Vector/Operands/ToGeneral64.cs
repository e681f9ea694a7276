using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.

/// <summary>A 64-bit general register.</summary>
internal readonly unsafe struct ToGeneral64 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsVex => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
    {
        *(ulong*)((byte*)state + op->Destination) = value.AsUInt64().ToScalar();
        return true;
    }
}
