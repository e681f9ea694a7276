using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY (whole file): register offsets come from StateOffset and lie within the state.

/// <summary>An XMM register.</summary>
internal readonly unsafe struct ToXmm : IVectorDestination
{
    public static bool IsXmm => true;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => *(Vector128<byte>*)((byte*)state + op->Destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
    {
        *(Vector128<byte>*)((byte*)state + op->Destination) = value;
        return true;
    }
}

/// <summary>An MMX register; the exponent field of the x87 register that it is part of becomes all ones (SDM vol. 1, 9.5.1).</summary>
internal readonly unsafe struct ToMmx : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => true;

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

/// <summary>A 32-bit general register, zero-extended to 64 bits.</summary>
internal readonly unsafe struct ToGeneral32 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
    {
        *(ulong*)((byte*)state + op->Destination) = value.AsUInt32().ToScalar();
        return true;
    }
}

/// <summary>A 64-bit general register.</summary>
internal readonly unsafe struct ToGeneral64 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

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

/// <summary>The arithmetic flags: the result holds the two lazy words R and C (see <see cref="LazyFlags"/>). The destination operand, an XMM register, is only read.</summary>
internal readonly unsafe struct ToFlags : IVectorDestination
{
    public static bool IsXmm => true;

    public static bool IsMmx => false;

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

/// <summary>16 bytes in memory that must be aligned.</summary>
internal readonly unsafe struct ToMemory16Aligned : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
        => VectorMemory.TryWriteAligned(state, op, value);
}

/// <summary>16 bytes in memory at any address.</summary>
internal readonly unsafe struct ToMemory16 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
        => VectorMemory.TryWrite(state, op, value);
}

/// <summary>8 bytes in memory.</summary>
internal readonly unsafe struct ToMemory8 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
        => OperandAccess.TryLinear(state, op, 8, isWrite: true, out ulong linear)
            && OperandAccess.WriteLinear(state, linear, 8, value.AsUInt64().ToScalar());
}

/// <summary>4 bytes in memory.</summary>
internal readonly unsafe struct ToMemory4 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
        => OperandAccess.TryLinear(state, op, 4, isWrite: true, out ulong linear)
            && OperandAccess.WriteLinear(state, linear, 4, value.AsUInt64().ToScalar());
}

/// <summary>2 bytes in memory.</summary>
internal readonly unsafe struct ToMemory2 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
        => OperandAccess.TryLinear(state, op, 2, isWrite: true, out ulong linear)
            && OperandAccess.WriteLinear(state, linear, 2, value.AsUInt64().ToScalar());
}

/// <summary>1 byte in memory.</summary>
internal readonly unsafe struct ToMemory1 : IVectorDestination
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value)
        => OperandAccess.TryLinear(state, op, 1, isWrite: true, out ulong linear)
            && OperandAccess.WriteLinear(state, linear, 1, value.AsUInt64().ToScalar());
}
