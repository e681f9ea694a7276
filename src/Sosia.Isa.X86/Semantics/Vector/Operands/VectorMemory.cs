using System;
using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Memory operands of vector instructions. A method that returns false has recorded the fault.</summary>
internal static unsafe class VectorMemory
{
    // SAFETY (whole file): a matching tag means that the bytes lie within one page of guest RAM at linear + Addend.

    /// <summary>Reads a whole vector; misaligned, #GP(0).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadAligned<TVector>(X86State* state, Op* op, out TVector value)
        where TVector : unmanaged
    {
        if (!OperandAccess.TryLinear(state, op, sizeof(TVector), isWrite: false, out ulong linear))
        {
            value = default;
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->ReadTag == (linear & AlignedTagMask<TVector>()))
        {
            value = *(TVector*)(linear + entry->Addend);
            return true;
        }

        return ReadSlow(state, linear, mustAlign: true, out value);
    }

    /// <summary>Reads a whole vector at any address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<TVector>(X86State* state, Op* op, out TVector value)
        where TVector : unmanaged
    {
        if (!OperandAccess.TryLinear(state, op, sizeof(TVector), isWrite: false, out ulong linear))
        {
            value = default;
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->ReadTag == ((linear + (uint)sizeof(TVector) - 1) & ~0xfffUL))
        {
            value = *(TVector*)(linear + entry->Addend);
            return true;
        }

        return ReadSlow(state, linear, mustAlign: false, out value);
    }

    /// <summary>Writes a whole vector; misaligned, #GP(0).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWriteAligned<TVector>(X86State* state, Op* op, TVector value)
        where TVector : unmanaged
    {
        if (!OperandAccess.TryLinear(state, op, sizeof(TVector), isWrite: true, out ulong linear))
        {
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->WriteTag == (linear & AlignedTagMask<TVector>()))
        {
            *(TVector*)(linear + entry->Addend) = value;
            return true;
        }

        return WriteSlow(state, linear, mustAlign: true, value);
    }

    /// <summary>Writes a whole vector at any address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite<TVector>(X86State* state, Op* op, TVector value)
        where TVector : unmanaged
    {
        if (!OperandAccess.TryLinear(state, op, sizeof(TVector), isWrite: true, out ulong linear))
        {
            return false;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->WriteTag == ((linear + (uint)sizeof(TVector) - 1) & ~0xfffUL))
        {
            *(TVector*)(linear + entry->Addend) = value;
            return true;
        }

        return WriteSlow(state, linear, mustAlign: false, value);
    }

    // Of an aligned operand's address everything but the bits between the operand's size and the page's must equal the tag: a misaligned one takes the long
    // way and is refused there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong AlignedTagMask<TVector>()
        where TVector : unmanaged => ~0xfffUL | ((uint)sizeof(TVector) - 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool ReadSlow<TVector>(X86State* state, ulong linear, bool mustAlign, out TVector value)
        where TVector : unmanaged
    {
        value = default;
        if (mustAlign && (linear & ((uint)sizeof(TVector) - 1)) != 0)
        {
            VectorUnit.FaultGeneralProtection(state);
            return false;
        }

        TVector bytes = default;
        if (!MemoryAccess.ReadBytes(state, linear, new Span<byte>(&bytes, sizeof(TVector))))
        {
            return false;
        }

        value = bytes;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool WriteSlow<TVector>(X86State* state, ulong linear, bool mustAlign, TVector value)
        where TVector : unmanaged
    {
        if (mustAlign && (linear & ((uint)sizeof(TVector) - 1)) != 0)
        {
            VectorUnit.FaultGeneralProtection(state);
            return false;
        }

        return MemoryAccess.WriteBytes(state, linear, new ReadOnlySpan<byte>(&value, sizeof(TVector)));
    }
}
