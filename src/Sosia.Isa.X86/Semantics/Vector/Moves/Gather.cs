using System;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// The gathers of AVX2: elements whose mask, in VEX.vvvv, has its top bit set are loaded from base + index × scale, in their order; each clears its mask when it is done. So a
/// fault leaves what was loaded and a mask of the rest, and the instruction goes on from there when it is started again (SDM vol. 2, VGATHERDPD).
/// </summary>
internal static unsafe class Gather
{
    /// <summary>Doublewords by doubleword indices.</summary>
    public static void Load32By32(X86Cpu cpu, Op* op) => Run(cpu, op, sizeof(uint), sizeof(uint));

    /// <summary>Quadwords by doubleword indices.</summary>
    public static void Load64By32(X86Cpu cpu, Op* op) => Run(cpu, op, sizeof(ulong), sizeof(uint));

    /// <summary>Doublewords by quadword indices.</summary>
    public static void Load32By64(X86Cpu cpu, Op* op) => Run(cpu, op, sizeof(uint), sizeof(ulong));

    /// <summary>Quadwords by quadword indices.</summary>
    public static void Load64By64(X86Cpu cpu, Op* op) => Run(cpu, op, sizeof(ulong), sizeof(ulong));

    private static void Run(X86Cpu cpu, Op* op, int elementByteCount, int indexByteCount)
    {
        X86State* state = cpu.State;
        if (!VectorUnit.PassesAvx(state))
        {
            return;
        }

        // SAFETY: register offsets come from StateOffset and name 32 bytes each.
        byte* destination = (byte*)state + op->Destination;
        byte* mask = (byte*)state + op->Third;
        byte* index = (byte*)state + op->Index;
        if (destination == mask || destination == index || mask == index)
        {
            cpu.FaultUndefined();
            return;
        }

        int byteCount = InstructionTable.Rows[op->Row].Encoding.VexLength == 1 ? 32 : 16;
        int count = byteCount / Math.Max(elementByteCount, indexByteCount);
        ulong start = *(ulong*)((byte*)state + op->Base) + (ulong)(long)op->Displacement;
        // All bits of a mask become as its top bit first, so that a fault leaves whole masks.
        for (int i = 0; i < count; i++)
        {
            new Span<byte>(mask + (i * elementByteCount), elementByteCount).Fill((byte)((sbyte)mask[((i + 1) * elementByteCount) - 1] >> 7));
        }

        for (int i = 0; i < count; i++)
        {
            var element = new Span<byte>(mask + (i * elementByteCount), elementByteCount);
            if (element[0] == 0)
            {
                continue;
            }

            long offset = indexByteCount == sizeof(uint) ? ((int*)index)[i] : ((long*)index)[i];
            ulong address = MemoryAccess.WrapAddress(op, start + ((ulong)offset << op->Scale));
            if (!MemoryAccess.SegmentedOffset(state, op, address, elementByteCount, isWrite: false, out ulong linear)
                || !MemoryAccess.ReadBytes(state, linear, new Span<byte>(destination + (i * elementByteCount), elementByteCount)))
            {
                return;
            }

            element.Clear();
        }

        int loaded = count * elementByteCount;
        new Span<byte>(destination + loaded, 32 - loaded).Clear();
        new Span<byte>(mask, 32).Clear();
    }
}
