using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY (whole file): register offsets come from StateOffset and lie within the state.

/// <summary>There is no source.</summary>
internal readonly unsafe struct FromNone : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        value = default;
        return true;
    }
}

/// <summary>An XMM register.</summary>
internal readonly unsafe struct FromXmm : IVectorSource
{
    public static bool IsXmm => true;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        value = *(Vector128<byte>*)((byte*)state + op->Source);
        return true;
    }
}

/// <summary>An MMX register.</summary>
internal readonly unsafe struct FromMmx : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => true;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        value = Vector128.CreateScalar(*(ulong*)((byte*)state + op->Source)).AsByte();
        return true;
    }
}

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

/// <summary>A 64-bit general register.</summary>
internal readonly unsafe struct FromGeneral64 : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        value = Vector128.CreateScalar(*(ulong*)((byte*)state + op->Source)).AsByte();
        return true;
    }
}

/// <summary>16 bytes in memory that must be aligned.</summary>
internal readonly unsafe struct FromMemory16Aligned : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
        => VectorMemory.TryReadAligned(state, op, out value);
}

/// <summary>16 bytes in memory at any address.</summary>
internal readonly unsafe struct FromMemory16 : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
        => VectorMemory.TryRead(state, op, out value);
}

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

/// <summary>4 bytes in memory.</summary>
internal readonly unsafe struct FromMemory4 : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        bool ok = OperandAccess.TryLinear(state, op, 4, isWrite: false, out ulong linear);
        ulong bits = 0;
        ok = ok && OperandAccess.ReadLinear(state, linear, 4, out bits);
        value = Vector128.CreateScalar(bits).AsByte();
        return ok;
    }
}

/// <summary>2 bytes in memory.</summary>
internal readonly unsafe struct FromMemory2 : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        bool ok = OperandAccess.TryLinear(state, op, 2, isWrite: false, out ulong linear);
        ulong bits = 0;
        ok = ok && OperandAccess.ReadLinear(state, linear, 2, out bits);
        value = Vector128.CreateScalar(bits).AsByte();
        return ok;
    }
}

/// <summary>1 byte in memory.</summary>
internal readonly unsafe struct FromMemory1 : IVectorSource
{
    public static bool IsXmm => false;

    public static bool IsMmx => false;

    public static bool IsMemory => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLoad(X86State* state, Op* op, out Vector128<byte> value)
    {
        bool ok = OperandAccess.TryLinear(state, op, 1, isWrite: false, out ulong linear);
        ulong bits = 0;
        ok = ok && OperandAccess.ReadLinear(state, linear, 1, out bits);
        value = Vector128.CreateScalar(bits).AsByte();
        return ok;
    }
}
