using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.
/// <summary>A YMM register; the first operand is in VEX.vvvv.</summary>
internal readonly unsafe struct ToYmm : IWideDestination
{
    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadFirst(X86State* state, Op* op) => *(Vector256<byte>*)((byte*)state + op->Third);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector256<byte> value)
    {
        *(Vector256<byte>*)((byte*)state + op->Destination) = value;
        return true;
    }
}
