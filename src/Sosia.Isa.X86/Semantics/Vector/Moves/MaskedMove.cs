using System;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// VMASKMOVPS, VMASKMOVPD, VPMASKMOVD and VPMASKMOVQ: elements whose mask, in VEX.vvvv, has its top bit set are loaded (the others become zero) or stored. What is masked
/// out is not touched and cannot fault (SDM vol. 2, VMASKMOV).
/// </summary>
internal static unsafe class MaskedMove
{
    private const int MaxByteCount = 32;

    /// <summary>A load of doublewords.</summary>
    public static void Load32(X86Cpu cpu, Op* op) => Load(cpu.State, op, sizeof(uint));

    /// <summary>A load of quadwords.</summary>
    public static void Load64(X86Cpu cpu, Op* op) => Load(cpu.State, op, sizeof(ulong));

    /// <summary>A store of doublewords.</summary>
    public static void Store32(X86Cpu cpu, Op* op) => Store(cpu.State, op, sizeof(uint));

    /// <summary>A store of quadwords.</summary>
    public static void Store64(X86Cpu cpu, Op* op) => Store(cpu.State, op, sizeof(ulong));

    private static void Load(X86State* state, Op* op, int elementByteCount)
    {
        if (!VectorUnit.PassesAvx(state))
        {
            return;
        }

        byte* mask = (byte*)state + op->Third;
        Vector256<byte> result = default;
        for (int at = 0; at < ByteCount(op); at += elementByteCount)
        {
            if (IsSelected(mask, at, elementByteCount)
                && (!Address(state, op, at, elementByteCount, isWrite: false, out ulong linear) || !MemoryAccess.ReadBytes(state, linear, new Span<byte>((byte*)&result + at, elementByteCount))))
            {
                return;
            }
        }

        // SAFETY: as in Store.
        *(Vector256<byte>*)((byte*)state + op->Destination) = result;
    }

    private static void Store(X86State* state, Op* op, int elementByteCount)
    {
        if (!VectorUnit.PassesAvx(state))
        {
            return;
        }

        // SAFETY: register offsets come from StateOffset and name 32 bytes each.
        byte* mask = (byte*)state + op->Third;
        byte* source = (byte*)state + op->Source;
        int byteCount = ByteCount(op);
        Span<ulong> linears = stackalloc ulong[MaxByteCount / sizeof(uint)];
        int last = -1;
        for (int at = 0; at < byteCount; at += elementByteCount)
        {
            if (!IsSelected(mask, at, elementByteCount))
            {
                continue;
            }

            if (!Address(state, op, at, elementByteCount, isWrite: true, out linears[at / elementByteCount]))
            {
                return;
            }

            last = at;
        }

        // No element may be stored when a later one would fault.
        for (int at = 0; at <= last; at += elementByteCount)
        {
            if (IsSelected(mask, at, elementByteCount) && !IsWritable(state, linears[at / elementByteCount], elementByteCount))
            {
                return;
            }
        }

        for (int at = 0; at <= last; at += elementByteCount)
        {
            if (IsSelected(mask, at, elementByteCount) && !MemoryAccess.WriteBytes(state, linears[at / elementByteCount], new ReadOnlySpan<byte>(source + at, elementByteCount)))
            {
                return;
            }
        }
    }

    // An element may cross a page: both of its ends are looked at.
    private static bool IsWritable(X86State* state, ulong linear, int byteCount)
        => MemoryAccess.ReadForUpdateSlow(state, linear, 1, out _) && MemoryAccess.ReadForUpdateSlow(state, linear + (ulong)byteCount - 1, 1, out _);

    private static int ByteCount(Op* op) => Decode.InstructionTable.Rows[op->Row].Encoding.VexLength == 1 ? MaxByteCount : MaxByteCount / 2;

    private static bool IsSelected(byte* mask, int at, int elementByteCount) => mask[at + elementByteCount - 1] >= 0x80;

    private static bool Address(X86State* state, Op* op, int at, int byteCount, bool isWrite, out ulong linear)
        => MemoryAccess.SegmentedAddress(state, op, (ulong)at, byteCount, isWrite, out linear);
}
