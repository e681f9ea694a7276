using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FNSTENV, FLDENV, FNSAVE, FRSTOR in the four formats of SDM vol. 1, 8.1.10.</summary>
internal static unsafe class X87Environment
{
    private const int LongByteCount = 28;
    private const int ShortByteCount = 14;
    private const int RegisterByteCount = 10;
    private const int RegistersByteCount = 8 * RegisterByteCount;
    private const int ExceptionMasks = 0x3f;

    /// <summary>FNSTENV: masks all exceptions afterwards.</summary>
    public static void Fnstenv(X86Cpu cpu, Op* op)
    {
        int byteCount = ByteCount(op);
        Span<byte> image = stackalloc byte[LongByteCount];
        image = image[..byteCount];
        if (!X87Unit.BeginNoWait(cpu) || !Address(cpu, op, byteCount, isWrite: true, out ulong linear))
        {
            return;
        }

        X86State* st = cpu.State;
        StoreEnvironment(cpu, image);
        if (MemoryAccess.WriteBytes(st, linear, image))
        {
            X87Unit.SetControl(st, st->Fcw | ExceptionMasks);
        }
    }

    /// <summary>FLDENV.</summary>
    public static void Fldenv(X86Cpu cpu, Op* op)
    {
        int byteCount = ByteCount(op);
        Span<byte> image = stackalloc byte[LongByteCount];
        image = image[..byteCount];
        if (X87Unit.Begin(cpu) && Address(cpu, op, byteCount, isWrite: false, out ulong linear) && MemoryAccess.ReadBytes(cpu.State, linear, image))
        {
            LoadEnvironment(cpu, image);
        }
    }

    /// <summary>FNSAVE: initialises afterwards, as FNINIT.</summary>
    public static void Fnsave(X86Cpu cpu, Op* op)
    {
        int environmentByteCount = ByteCount(op);
        int byteCount = environmentByteCount + RegistersByteCount;
        Span<byte> image = stackalloc byte[LongByteCount + RegistersByteCount];
        image = image[..byteCount];
        if (!X87Unit.BeginNoWait(cpu) || !Address(cpu, op, byteCount, isWrite: true, out ulong linear))
        {
            return;
        }

        X86State* st = cpu.State;
        StoreEnvironment(cpu, image[..environmentByteCount]);
        for (int i = 0; i < 8; i++)
        {
            Float80 value = X87Unit.Get(st, i);
            Span<byte> slot = image[(environmentByteCount + (i * RegisterByteCount))..];
            BinaryPrimitives.WriteUInt64LittleEndian(slot, value.Significand);
            BinaryPrimitives.WriteUInt16LittleEndian(slot[8..], value.SignExponent);
        }

        if (MemoryAccess.WriteBytes(st, linear, image))
        {
            X87Control.Initialize(st);
        }
    }

    /// <summary>FRSTOR.</summary>
    public static void Frstor(X86Cpu cpu, Op* op)
    {
        int environmentByteCount = ByteCount(op);
        int byteCount = environmentByteCount + RegistersByteCount;
        Span<byte> image = stackalloc byte[LongByteCount + RegistersByteCount];
        image = image[..byteCount];
        if (!X87Unit.Begin(cpu) || !Address(cpu, op, byteCount, isWrite: false, out ulong linear) || !MemoryAccess.ReadBytes(cpu.State, linear, image))
        {
            return;
        }

        X86State* st = cpu.State;
        LoadEnvironment(cpu, image[..environmentByteCount]);
        byte tags = st->Ftw;
        for (int i = 0; i < 8; i++)
        {
            ReadOnlySpan<byte> slot = image[(environmentByteCount + (i * RegisterByteCount))..];
            X87Unit.Set(st, i, new Float80(BinaryPrimitives.ReadUInt16LittleEndian(slot[8..]), BinaryPrimitives.ReadUInt64LittleEndian(slot)));
        }

        st->Ftw = tags;
    }

    // In 64-bit code REX.W changes nothing: the image is that of 32-bit protected mode.
    private static int ByteCount(Op* op) => (op->Flags & OpFlags.SizeMask) == (OpFlags)(1 << 3) ? ShortByteCount : LongByteCount;

    private static bool Address(X86Cpu cpu, Op* op, int byteCount, bool isWrite, out ulong linear)
        => OperandAccess.TryLinear(cpu.State, op, byteCount, isWrite, out linear)
            && cpu.PassesAlignmentCheck(linear, (op->Flags & OpFlags.SizeMask) == (OpFlags)(1 << 3) ? 2 : 4);

    private static void StoreEnvironment(X86Cpu cpu, Span<byte> image)
    {
        X86State* st = cpu.State;
        // In real and virtual-8086 mode the pointers are linear addresses, and the opcode stands beside the first.
        bool isLinear = !cpu.IsProtected;
        uint instruction = isLinear ? ((uint)st->Fcs << 4) + (uint)st->Fip : (uint)st->Fip;
        uint operand = isLinear ? ((uint)st->Fds << 4) + (uint)st->Fdp : (uint)st->Fdp;
        ushort tags = FullTags(st);
        if (image.Length == ShortByteCount)
        {
            Write16(image, 0, st->Fcw);
            Write16(image, 2, st->Fsw);
            Write16(image, 4, tags);
            Write16(image, 6, instruction);
            Write16(image, 8, isLinear ? ((instruction >> 4) & 0xf000) | st->Fop : st->Fcs);
            Write16(image, 10, operand);
            Write16(image, 12, isLinear ? (operand >> 4) & 0xf000 : st->Fds);
            return;
        }

        // The unused upper halves are written as ones.
        const uint Unused = 0xffff_0000;
        Write32(image, 0, Unused | st->Fcw);
        Write32(image, 4, Unused | st->Fsw);
        Write32(image, 8, Unused | tags);
        if (isLinear)
        {
            Write32(image, 12, Unused | instruction);
            Write32(image, 16, ((instruction >> 16) << 12) | st->Fop);
            Write32(image, 20, Unused | operand);
            Write32(image, 24, (operand >> 16) << 12);
        }
        else
        {
            Write32(image, 12, instruction);
            Write32(image, 16, ((uint)st->Fop << 16) | st->Fcs);
            Write32(image, 20, operand);
            Write32(image, 24, Unused | st->Fds);
        }
    }

    private static void LoadEnvironment(X86Cpu cpu, ReadOnlySpan<byte> image)
    {
        X86State* st = cpu.State;
        bool isLinear = !cpu.IsProtected;
        bool isShort = image.Length == ShortByteCount;
        int step = isShort ? 2 : 4;
        st->Fsw = (ushort)Read16(image, step);
        X87Unit.SetControl(st, (int)Read16(image, 0));
        uint tags = Read16(image, 2 * step);
        st->Ftw = 0;
        for (int i = 0; i < 8; i++)
        {
            st->Ftw |= (byte)(((tags >> (2 * i)) & 3) == 3 ? 0 : 1 << i);
        }

        uint instruction = isShort ? Read16(image, 6) : Read32(image, 12);
        uint instructionHigh = isShort ? Read16(image, 8) : Read32(image, 16);
        uint operand = isShort ? Read16(image, 10) : Read32(image, 20);
        uint operandHigh = isShort ? Read16(image, 12) : Read32(image, 24);
        if (isLinear)
        {
            st->Fip = (ushort)instruction | ((instructionHigh << 4) & 0xffff_0000);
            st->Fdp = (ushort)operand | ((operandHigh << 4) & 0xffff_0000);
            st->Fop = (ushort)(instructionHigh & 0x7ff);
            st->Fcs = 0;
            st->Fds = 0;
            return;
        }

        st->Fip = instruction;
        st->Fdp = operand;
        st->Fcs = (ushort)instructionHigh;
        st->Fds = (ushort)operandHigh;
        // The 16-bit format has no room for the opcode.
        st->Fop = (ushort)(isShort ? 0 : (instructionHigh >> 16) & 0x7ff);
    }

    /// <summary>The tag word with two bits for each physical register: 0 valid, 1 zero, 2 special, 3 empty (SDM vol. 1, 8.1.7).</summary>
    private static ushort FullTags(X86State* st)
    {
        int tags = 0;
        for (int i = 0; i < 8; i++)
        {
            var value = new Float80((ushort)st->X87[(2 * i) + 1], st->X87[2 * i]);
            int tag = (st->Ftw & (1 << i)) == 0 ? 3
                : value.Class switch { FpClass.Normal => 0, FpClass.Zero => 1, _ => 2 };
            tags |= tag << (2 * i);
        }

        return (ushort)tags;
    }

    private static void Write16(Span<byte> image, int at, uint value) => BinaryPrimitives.WriteUInt16LittleEndian(image[at..], (ushort)value);

    private static void Write32(Span<byte> image, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image[at..], value);

    private static uint Read16(ReadOnlySpan<byte> image, int at) => BinaryPrimitives.ReadUInt16LittleEndian(image[at..]);

    private static uint Read32(ReadOnlySpan<byte> image, int at) => BinaryPrimitives.ReadUInt32LittleEndian(image[at..]);
}
