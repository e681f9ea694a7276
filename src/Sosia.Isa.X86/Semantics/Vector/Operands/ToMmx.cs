using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: register offsets come from StateOffset and lie within the state.

/// <summary>An MMX register; the exponent field of the x87 register that it is part of becomes all ones (SDM vol. 1, 9.5.1).</summary>
internal readonly unsafe struct ToMmx : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => true;

    public static bool IsVex => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => Vector128.CreateScalar(*(ulong*)((byte*)state + op->Destination)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
    {
        *(ulong*)((byte*)state + op->Destination) = value.AsUInt64().ToScalar();
        *(ushort*)((byte*)state + op->Destination + 8) = 0xffff;
        return true;
    }
}
