using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the pointers are only passed on.

/// <summary>16 bytes in memory that must be aligned.</summary>
internal readonly unsafe struct ToMemory16Aligned : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsVex => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
        => VectorMemory.TryWriteAligned(state, op, value);
}
