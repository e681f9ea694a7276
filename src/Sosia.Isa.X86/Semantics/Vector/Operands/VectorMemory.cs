using System;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Memory operands of vector instructions. A method that returns false has recorded the fault.</summary>
internal static unsafe class VectorMemory
{
    // Of an aligned 16-byte operand's address everything but bits 4-11 must equal the tag: a misaligned one takes the long way and is refused there.
    private const ulong AlignedTagMask = ~0xff0UL;

    // SAFETY (whole file): a matching tag means that the bytes lie within one page of guest RAM at linear + Addend.

    /// <summary>Reads 16 bytes; misaligned, #GP(0).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadAligned(X86State* state, Op* op, out Vector128<byte> value)
    {
        if (!OperandAccess.TryLinear(state, op, 16, isWrite: false, out ulong linear))
        {
            value = default;
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->ReadTag == (linear & AlignedTagMask))
        {
            value = *(Vector128<byte>*)(linear + entry->Addend);
            return true;
        }

        return ReadSlow(state, linear, mustAlign: true, out value);
    }

    /// <summary>Reads 16 bytes at any address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(X86State* state, Op* op, out Vector128<byte> value)
    {
        if (!OperandAccess.TryLinear(state, op, 16, isWrite: false, out ulong linear))
        {
            value = default;
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->ReadTag == ((linear + 15) & ~0xfffUL))
        {
            value = *(Vector128<byte>*)(linear + entry->Addend);
            return true;
        }

        return ReadSlow(state, linear, mustAlign: false, out value);
    }

    /// <summary>Writes 16 bytes; misaligned, #GP(0).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWriteAligned(X86State* state, Op* op, Vector128<byte> value)
    {
        if (!OperandAccess.TryLinear(state, op, 16, isWrite: true, out ulong linear))
        {
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->WriteTag == (linear & AlignedTagMask))
        {
            *(Vector128<byte>*)(linear + entry->Addend) = value;
            return true;
        }

        return WriteSlow(state, linear, mustAlign: true, value);
    }

    /// <summary>Writes 16 bytes at any address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(X86State* state, Op* op, Vector128<byte> value)
    {
        if (!OperandAccess.TryLinear(state, op, 16, isWrite: true, out ulong linear))
        {
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->WriteTag == ((linear + 15) & ~0xfffUL))
        {
            *(Vector128<byte>*)(linear + entry->Addend) = value;
            return true;
        }

        return WriteSlow(state, linear, mustAlign: false, value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool ReadSlow(X86State* state, ulong linear, bool mustAlign, out Vector128<byte> value)
    {
        value = default;
        if (mustAlign && (linear & 15) != 0)
        {
            VectorUnit.FaultGeneralProtection(state);
            return false;
        }

        Vector128<byte> bytes = default;
        if (!MemoryAccess.ReadBytes(state, linear, new Span<byte>(&bytes, 16)))
        {
            return false;
        }

        value = bytes;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool WriteSlow(X86State* state, ulong linear, bool mustAlign, Vector128<byte> value)
    {
        if (mustAlign && (linear & 15) != 0)
        {
            VectorUnit.FaultGeneralProtection(state);
            return false;
        }

        return MemoryAccess.WriteBytes(state, linear, new ReadOnlySpan<byte>(&value, 16));
    }
}
