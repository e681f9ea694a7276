using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>The stack as near instructions use it: RSP, ESP or SP by the stack's width, in SS.</summary>
internal static unsafe class Stack
{
    private const int Rsp = 4;

    /// <summary>Pushes a value.</summary>
    /// <param name="state">The state.</param>
    /// <param name="bits">16, 32 or 64.</param>
    /// <param name="value">The value.</param>
    /// <returns>False when it faulted; RSP is then unchanged.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Push(X86State* state, int bits, ulong value)
    {
        int byteCount = bits / 8;
        ulong pointer = state->Gpr[Rsp] - (ulong)byteCount;
        if (!Linear(state, pointer, byteCount, isWrite: true, out ulong linear) || !OperandAccess.WriteLinear(state, linear, byteCount, value))
        {
            return false;
        }

        Store(state, pointer);
        return true;
    }

    /// <summary>Reads a value from the stack without moving RSP.</summary>
    /// <param name="state">The state.</param>
    /// <param name="bits">16, 32 or 64.</param>
    /// <param name="offset">Bytes above RSP.</param>
    /// <param name="value">The value, zero-extended.</param>
    /// <returns>False when it faulted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Peek(X86State* state, int bits, ulong offset, out ulong value)
    {
        value = 0;
        int byteCount = bits / 8;
        return Linear(state, state->Gpr[Rsp] + offset, byteCount, isWrite: false, out ulong linear)
            && OperandAccess.ReadLinear(state, linear, byteCount, out value);
    }

    /// <summary>Moves RSP up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Release(X86State* state, ulong byteCount) => Store(state, state->Gpr[Rsp] + byteCount);

    /// <summary>Writes the stack pointer at the stack's width; the rest of RSP stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(X86State* state, ulong pointer)
    {
        if (state->StackBits == 64)
        {
            state->Gpr[Rsp] = pointer;
        }
        else if (state->StackBits == 32)
        {
            state->Gpr[Rsp] = (uint)pointer;
        }
        else
        {
            *(ushort*)&state->Gpr[Rsp] = (ushort)pointer;
        }
    }

    /// <summary>The linear address of a stack slot, after the segment checks outside 64-bit code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Linear(X86State* state, ulong pointer, int byteCount, bool isWrite, out ulong linear)
    {
        if (state->CodeBits == 64)
        {
            linear = pointer;
            return true;
        }

        ulong offset = state->StackBits == 32 ? (uint)pointer : (ushort)pointer;
        return MemoryAccess.SegmentOffset(state, ref state->Ss, isStack: true, offset, byteCount, isWrite, out linear);
    }
}
