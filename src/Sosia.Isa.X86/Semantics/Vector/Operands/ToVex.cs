using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.
/// <summary>An XMM register written by an instruction with a VEX prefix, which clears the upper half of the YMM register; the other operand is in VEX.vvvv.</summary>
internal readonly unsafe struct ToVex : IVectorDestination
{
    public static bool IsXmm => true;

    public static bool IsMmx => false;

    public static bool IsVex => true;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => *(Vector128<byte>*)((byte*)state + op->Third);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
    {
        *(Vector256<byte>*)((byte*)state + op->Destination) = Vector256.Create(value, Vector128<byte>.Zero);
        return true;
    }
}
