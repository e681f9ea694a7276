using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>The operands of an operation as the system instructions use them.</summary>
internal static unsafe class OperandForm
{
    /// <summary>The operand size in bytes: 1, 2, 4 or 8.</summary>
    public static int ByteCount(Op* op) => 1 << ((int)(op->Flags & OpFlags.SizeMask) >> 3);

    /// <summary>True when ModRM.rm names memory.</summary>
    public static bool IsMemory(Op* op) => (op->Flags & OpFlags.Memory) != 0;

    /// <summary>Cuts a value to a size in bytes.</summary>
    public static ulong Cut(ulong value, int byteCount) => byteCount switch
    {
        1 => (byte)value,
        2 => (ushort)value,
        4 => (uint)value,
        _ => value,
    };

    /// <summary>Reads the register at an offset of the state, zero-extended.</summary>
    public static ulong Register(X86State* st, ushort offset, int byteCount)
        // SAFETY: the offset comes from StateOffset and names an 8-byte slot (or a byte of one, for byteCount 1).
        => byteCount == 1 ? *((byte*)st + offset) : Cut(*(ulong*)((byte*)st + offset), byteCount);

    /// <summary>Writes a register: 32-bit results clear the upper half, shorter ones leave the rest.</summary>
    public static void SetRegister(X86State* st, ushort offset, int byteCount, ulong value)
    {
        // SAFETY: as in Register.
        byte* at = (byte*)st + offset;
        switch (byteCount)
        {
            case 1:
                *at = (byte)value;
                break;
            case 2:
                *(ushort*)at = (ushort)value;
                break;
            case 4:
                *(ulong*)at = (uint)value;
                break;
            default:
                *(ulong*)at = value;
                break;
        }
    }

    /// <summary>Reads the r/m operand, whose register form lies at <paramref name="register"/>.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool Read(X86State* st, Op* op, ushort register, int byteCount, out ulong value)
    {
        if (!IsMemory(op))
        {
            value = Register(st, register, byteCount);
            return true;
        }

        value = 0;
        return MemoryAccess.SegmentedAddress(st, op, byteCount, isWrite: false, out ulong linear)
            && MemoryAccess.ReadSlow(st, linear, byteCount, out value);
    }

    /// <summary>Reads a value that lies some bytes into the memory operand.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool ReadMemory(X86State* st, Op* op, int offset, int byteCount, out ulong value)
    {
        value = 0;
        return MemoryAccess.SegmentedOffset(st, op, Moved(st, op, offset), byteCount, isWrite: false, out ulong linear)
            && MemoryAccess.ReadSlow(st, linear, byteCount, out value);
    }

    /// <summary>Writes a value some bytes into the memory operand.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool WriteMemory(X86State* st, Op* op, int offset, int byteCount, ulong value)
        => MemoryAccess.SegmentedOffset(st, op, Moved(st, op, offset), byteCount, isWrite: true, out ulong linear)
            && MemoryAccess.WriteSlow(st, linear, byteCount, value);

    private static ulong Moved(X86State* st, Op* op, int offset)
    {
        ulong address = MemoryAccess.EffectiveAddress(st, op) + (ulong)offset;
        return (op->Flags & OpFlags.Address16) != 0 ? (ushort)address
            : (op->Flags & OpFlags.Address32) != 0 ? (uint)address
            : address;
    }
}
