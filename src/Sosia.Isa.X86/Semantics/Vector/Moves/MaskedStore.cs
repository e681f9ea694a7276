using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MASKMOVQ and MASKMOVDQU: the bytes that a mask selects go to DS:rDI.</summary>
internal static unsafe class MaskedStore
{
    private const int Rdi = 7;

    /// <summary>MASKMOVQ.</summary>
    public static void Maskmovq(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        if ((VectorUnit.IsMmxSuspect(state) && !VectorUnit.PassesMmx(state))
            || !FromMmx.TryLoad(state, op, out Vector128<byte> mask)
            || !TryStore(state, op, ToMmx.Load(state, op), mask, 8))
        {
            return;
        }

        VectorUnit.EnterMmx(state);
    }

    /// <summary>MASKMOVDQU and VMASKMOVDQU.</summary>
    public static void Maskmovdqu(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        if (VectorUnit.Passes(state, op) && FromXmm.TryLoad(state, op, out Vector128<byte> mask))
        {
            TryStore(state, op, ToXmm.Load(state, op), mask, 16);
        }
    }

    private static bool TryStore(X86State* state, Op* op, Vector128<byte> data, Vector128<byte> mask, int byteCount)
    {
        ulong offset = state->Gpr[Rdi];
        offset = (op->Flags & OpFlags.Address16) != 0 ? (ushort)offset : (op->Flags & OpFlags.Address32) != 0 ? (uint)offset : offset;
        uint selected = mask.ExtractMostSignificantBits();
        if (selected == 0 || !MemoryAccess.SegmentedOffset(state, op, offset, byteCount, isWrite: true, out ulong linear))
        {
            return selected == 0;
        }

        if ((linear & 0xfff) + (uint)byteCount > 0x1000)
        {
            // No byte may be stored when a later one, in the second page, would fault.
            for (int i = 0; i < byteCount; i++)
            {
                if ((selected >> i & 1) != 0 && !MemoryAccess.ReadForUpdateSlow(state, linear + (ulong)i, 1, out _))
                {
                    return false;
                }
            }
        }

        for (int i = 0; i < byteCount; i++)
        {
            if ((selected >> i & 1) != 0 && !OperandAccess.WriteLinear(state, linear + (ulong)i, 1, data.GetElement(i)))
            {
                return false;
            }
        }

        return true;
    }
}
