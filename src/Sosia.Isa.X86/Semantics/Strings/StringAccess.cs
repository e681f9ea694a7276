using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>The addresses and counters of string instructions: rSI in DS or its override, rDI always in ES, rCX, all at the address size.</summary>
internal static unsafe class StringAccess
{
    /// <summary>Register number of the counter.</summary>
    public const int Rcx = 1;

    /// <summary>Register number of the source index.</summary>
    public const int Rsi = 6;

    /// <summary>Register number of the destination index.</summary>
    public const int Rdi = 7;

    /// <summary>The bits of an offset that count: 16, 32 or 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AddressMask(Op* op) => MemoryAccess.WrapAddress(op, ulong.MaxValue);

    /// <summary>Writes an index or the counter at the address size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(X86State* state, Op* op, int register, ulong value)
    {
        if ((op->Flags & OpFlags.Address16) != 0)
        {
            *(ushort*)&state->Gpr[register] = (ushort)value;
        }
        else
        {
            state->Gpr[register] = (op->Flags & OpFlags.Address32) != 0 ? (uint)value : value;
        }
    }

    /// <summary>Moves an index up, or down when DF is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Advance(X86State* state, Op* op, int register, int byteCount)
    {
        ulong step = (state->SystemFlags & ControlBits.Df) != 0 ? (ulong)-byteCount : (ulong)byteCount;
        Store(state, op, register, state->Gpr[register] + step);
    }

    /// <summary>The linear address of the source element.</summary>
    /// <returns>False when the segment refuses it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SourceLinear(X86State* state, Op* op, int byteCount, out ulong linear)
        => MemoryAccess.SegmentedOffset(state, op, state->Gpr[Rsi] & AddressMask(op), byteCount, isWrite: false, out linear);

    /// <summary>The linear address of the destination element.</summary>
    /// <returns>False when the segment refuses it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool DestinationLinear(X86State* state, Op* op, int byteCount, bool isWrite, out ulong linear)
        => MemoryAccess.SegmentOffset(state, ref state->Es, isStack: false, state->Gpr[Rdi] & AddressMask(op), byteCount, isWrite, out linear);

    /// <summary>Host address of a run of source elements that lies within one fast page, for bulk work upwards.</summary>
    /// <param name="state">The state.</param>
    /// <param name="op">The operation.</param>
    /// <param name="byteCount">Element size.</param>
    /// <param name="count">In: elements wanted; out: elements available, 0 when the long way must be taken.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* SourceRun(X86State* state, Op* op, int byteCount, ref ulong count)
    {
        // SAFETY: a string operation's segment field is the offset of a SegmentRegister.
        ref SegmentRegister segment = ref *(SegmentRegister*)((byte*)state + op->Segment);
        ulong offset = state->Gpr[Rsi] & AddressMask(op);
        if (!RunLinear(state, op, ref segment, segment.ReadEnd, offset, byteCount, ref count, out ulong linear))
        {
            return null;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->ReadTag == (linear & ~0xfffUL))
        {
            return (byte*)(linear + entry->Addend);
        }

        count = 0;
        return null;
    }

    /// <summary>As <see cref="SourceRun"/> for the destination.</summary>
    /// <param name="state">The state.</param>
    /// <param name="op">The operation.</param>
    /// <param name="byteCount">Element size.</param>
    /// <param name="isWrite">True when the elements are written.</param>
    /// <param name="count">In: elements wanted; out: elements available, 0 when the long way must be taken.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* DestinationRun(X86State* state, Op* op, int byteCount, bool isWrite, ref ulong count)
    {
        ulong offset = state->Gpr[Rdi] & AddressMask(op);
        if (!RunLinear(state, op, ref state->Es, isWrite ? state->Es.WriteEnd : state->Es.ReadEnd, offset, byteCount, ref count, out ulong linear))
        {
            return null;
        }

        TlbEntry* entry = state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if ((isWrite ? entry->WriteTag : entry->ReadTag) == (linear & ~0xfffUL))
        {
            return (byte*)(linear + entry->Addend);
        }

        count = 0;
        return null;
    }

    // Limits a run to the page, to the wrap of the offset and, outside 64-bit code, to what the segment allows at once.
    private static bool RunLinear(X86State* state, Op* op, ref SegmentRegister segment, ulong end, ulong offset, int byteCount, ref ulong count, out ulong linear)
    {
        linear = offset;
        if (state->CodeBits != 64)
        {
            linear = (segment.Base + offset) & 0xffff_ffff;
        }
        else if (Unsafe.AreSame(ref segment, ref state->Fs) || Unsafe.AreSame(ref segment, ref state->Gs))
        {
            linear += segment.Base;
        }

        // Element sizes are powers of two: the shift is their division.
        int shift = System.Numerics.BitOperations.Log2((uint)byteCount);
        ulong inPage = (0x1000 - (linear & 0xfff)) >> shift;
        ulong beforeWrap = (AddressMask(op) - offset) >> shift;
        ulong available = inPage < beforeWrap ? inPage : beforeWrap;
        count = available < count ? available : count;
        if ((state->SystemFlags & ControlBits.Df) != 0 || (state->CodeBits != 64 && offset + (count << shift) > end))
        {
            count = 0;
        }

        return count != 0;
    }
}
