using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the pointers are only passed on.
/// <summary>32 bytes in memory at any address.</summary>
internal readonly unsafe struct ToMemory32 : IWideDestination
{
    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadFirst(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector256<byte> value) => VectorMemory.TryWrite(state, op, value);
}
