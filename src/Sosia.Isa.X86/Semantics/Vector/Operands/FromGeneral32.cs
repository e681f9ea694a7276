using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.

/// <summary>A 32-bit general register.</summary>
internal readonly unsafe struct FromGeneral32 : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        value = Vector128.CreateScalar(*(uint*)((byte*)state + op->Source)).AsByte();
        return true;
    }
}
