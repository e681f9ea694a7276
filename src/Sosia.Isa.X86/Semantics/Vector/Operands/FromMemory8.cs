using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the pointers are only passed on.

/// <summary>8 bytes in memory.</summary>
internal readonly unsafe struct FromMemory8 : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        bool ok = OperandAccess.TryLinear(state, op, 8, isWrite: false, out ulong linear);
        ulong bits = 0;
        ok = ok && OperandAccess.ReadLinear(state, linear, 8, out bits);
        value = Vector128.CreateScalar(bits).AsByte();
        return ok;
    }
}
