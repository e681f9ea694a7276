using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics;

/// <summary>The memory operand of an operation, for handlers and helpers that are not written in <see cref="ISemantics{V}"/>.</summary>
public static unsafe class OperandAccess
{
    /// <summary>The linear address of the memory operand, after the segment checks.</summary>
    /// <returns>False when it faulted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryLinear(X86State* state, Op* op, int byteCount, bool isWrite, out ulong linear)
    {
        if ((op->Flags & OpFlags.SlowAddress) == 0)
        {
            // SAFETY: the offsets come from StateOffset.
            byte* registers = (byte*)state;
            linear = *(ulong*)(registers + op->Base) + (*(ulong*)(registers + op->Index) << op->Scale) + (ulong)(long)op->Displacement + *(ulong*)(registers + op->Segment);
            return true;
        }

        return MemoryAccess.SegmentedAddress(state, op, byteCount, isWrite, out linear);
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool Read(X86State* state, Op* op, int byteCount, out ulong value)
    {
        value = 0;
        return TryLinear(state, op, byteCount, isWrite: false, out ulong linear) && ReadLinear(state, linear, byteCount, out value);
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool Write(X86State* state, Op* op, int byteCount, ulong value)
        => TryLinear(state, op, byteCount, isWrite: true, out ulong linear) && WriteLinear(state, linear, byteCount, value);

    /// <summary>Reads at a linear address with the current privilege.</summary>
    /// <returns>False when it faulted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ReadLinear(X86State* state, ulong linear, int byteCount, out ulong value)
    {
        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->ReadTag != ((linear + (uint)byteCount - 1) & ~0xfffUL))
        {
            return MemoryAccess.ReadSlow(state, linear, byteCount, out value);
        }

        // SAFETY: a matching tag means that the bytes lie within one page of guest RAM.
        byte* host = (byte*)(linear + entry->Addend);
        value = byteCount switch { 1 => *host, 2 => *(ushort*)host, 4 => *(uint*)host, _ => *(ulong*)host };
        return true;
    }

    /// <summary>Writes at a linear address with the current privilege.</summary>
    /// <returns>False when it faulted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool WriteLinear(X86State* state, ulong linear, int byteCount, ulong value)
    {
        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->WriteTag != ((linear + (uint)byteCount - 1) & ~0xfffUL))
        {
            return MemoryAccess.WriteSlow(state, linear, byteCount, value);
        }

        // SAFETY: a matching tag means that the bytes lie within one page of guest RAM.
        byte* host = (byte*)(linear + entry->Addend);
        switch (byteCount)
        {
            case 1: *host = (byte)value; break;
            case 2: *(ushort*)host = (ushort)value; break;
            case 4: *(uint*)host = (uint)value; break;
            default: *(ulong*)host = value; break;
        }

        return true;
    }
}
