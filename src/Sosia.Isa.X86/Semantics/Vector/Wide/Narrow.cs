using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.
/// <summary>A destination that takes the low half of the result or less. One that is only read is a YMM register.</summary>
internal readonly unsafe struct Narrow<TDestination> : IWideDestination
    where TDestination : struct, IVectorDestination
{
    public static bool IsMemory => TDestination.IsMemory;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadFirst(X86State* state, Op* op) => *(Vector256<byte>*)((byte*)state + op->Destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector256<byte> value) => TDestination.TryStore(state, op, value.GetLower());
}
