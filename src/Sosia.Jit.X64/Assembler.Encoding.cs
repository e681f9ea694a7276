using System;
using System.Runtime.CompilerServices;

namespace Sosia.Jit.X64;

/// <content>How instructions are put together: prefixes, opcode, ModR/M, SIB, displacement, immediate (SDM vol. 2, chapter 2).</content>
public sealed unsafe partial class Assembler
{
    // An opcode is one number: the byte, its map, its mandatory prefix and what else precedes or qualifies it.
    private const uint Map0F = 1u << 8;
    private const uint Map0F38 = 2u << 8;
    private const uint Map0F3A = 3u << 8;
    private const uint MapMask = 3u << 8;
    private const int MapShift = 8;
    private const uint Prefix66 = 0x66u << 16;
    private const uint PrefixF2 = 0xF2u << 16;
    private const uint PrefixF3 = 0xF3u << 16;
    private const uint PrefixMask = 0xFFu << 16;
    private const int PrefixShift = 16;
    private const uint OperandSize = 1u << 24;
    private const uint RexW = 1u << 25;
    private const int RexWToRexShift = 22;

    // The register in ModRM.reg or ModRM.rm is a byte register, so 4 to 7 need a REX prefix to mean SPL, BPL, SIL and DIL.
    private const uint ByteReg = 1u << 26;
    private const uint ByteRm = 1u << 27;

    // For opcodes whose lowest bit is 0 for bytes and 1 for everything wider; both operands have the width.
    private static uint Sized(uint opcode, int width) => width switch
    {
        8 => opcode | ByteReg | ByteRm,
        16 => opcode | 1 | OperandSize,
        32 => opcode | 1,
        64 => opcode | 1 | RexW,
        _ => throw NoSuchWidth(width),
    };

    // The same where ModRM.reg is a digit of the opcode.
    private static uint SizedGroup(uint opcode, int width) => Sized(opcode, width) & ~ByteReg;

    // For opcodes without a byte form.
    private static uint Wide(uint opcode, int width) => width switch
    {
        16 => opcode | OperandSize,
        32 => opcode,
        64 => opcode | RexW,
        _ => throw NoSuchWidth(width),
    };

    // For opcodes that exist for 32 and 64 bits only.
    private static uint Long(uint opcode, int width) => width switch
    {
        32 => opcode,
        64 => opcode | RexW,
        _ => throw NoSuchWidth(width),
    };

    private static ArgumentOutOfRangeException NoSuchWidth(int width) =>
        new(nameof(width), width, "The instruction has no operands of this width.");

    private static ArgumentOutOfRangeException OutOfReach(long executeAddress) =>
        new(nameof(executeAddress), executeAddress, "The address is more than 2 GiB away from the code.");

    private static int ImmediateByteCount(int width) => width >= 32 ? 4 : width >> 3;

    // SAFETY: p comes from Open(), so there is room for a whole instruction; an immediate is stored as four bytes of which
    // byteCount count, which fits because nothing before it takes more than 12 of the 16 bytes.
    private static byte* Immediate(byte* p, int value, int byteCount)
    {
        Unsafe.WriteUnaligned(p, value);
        return p + byteCount;
    }

    // SAFETY: as for all methods here that take p: it comes from Open(), so there is room for a whole instruction.
    // Host code is a mix of short instructions, so what varies from one to the next is done without branches.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Head(byte* p, uint opcode, int rex)
    {
        if ((opcode & (OperandSize | PrefixMask)) != 0)
        {
            p = LegacyPrefixes(p, opcode);
        }

        *p = (byte)(0x40 | rex);
        p += rex != 0 ? 1 : 0;
        if ((opcode & MapMask) != 0)
        {
            p = Escape(p, opcode);
        }

        *p = (byte)opcode;
        return p + 1;
    }

    private static byte* LegacyPrefixes(byte* p, uint opcode)
    {
        if ((opcode & OperandSize) != 0)
        {
            *p++ = 0x66;
        }

        if ((opcode & PrefixMask) != 0)
        {
            *p++ = (byte)(opcode >> PrefixShift);
        }

        return p;
    }

    private static byte* Escape(byte* p, uint opcode)
    {
        uint map = opcode & MapMask;
        *p++ = 0x0F;
        if (map != Map0F)
        {
            *p++ = map == Map0F38 ? (byte)0x38 : (byte)0x3A;
        }

        return p;
    }

    // A byte operand in register 4 to 7 needs a REX prefix, even an empty one.
    private static bool NeedsEmptyRex(uint opcode, int reg, int rm) =>
        ((opcode & ByteReg) != 0 && reg is >= 4 and < 8) || ((opcode & ByteRm) != 0 && rm is >= 4 and < 8);

    // reg and rm are register numbers, or reg a digit.
    private static byte* Encode(byte* p, uint opcode, int reg, int rm)
    {
        int rex = (int)(opcode >> RexWToRexShift & 8) | (reg & 8) >> 1 | rm >> 3;
        if ((opcode & (ByteReg | ByteRm)) != 0 && NeedsEmptyRex(opcode, reg, rm))
        {
            rex |= 0x40;
        }

        p = Head(p, opcode, rex);
        *p++ = (byte)(0xC0 | (reg & 7) << 3 | rm & 7);
        return p;
    }

    // trailing: the bytes of the immediate that follows, which RIP-relative addressing counts.
    private byte* Encode(byte* p, uint opcode, int reg, in Mem memory, int trailing)
    {
        int rex = (int)(opcode >> RexWToRexShift & 8) | (reg & 8) >> 1 | ExtensionBits(memory);
        if ((opcode & ByteReg) != 0 && NeedsEmptyRex(opcode, reg, 0))
        {
            rex |= 0x40;
        }

        return Address(Head(p, opcode, rex), reg, memory, trailing);
    }

    // REX.X and REX.B; the numbers for "none" and "RIP" have bit 3 clear.
    private static int ExtensionBits(in Mem memory) => (memory.IndexNumber & 8) >> 2 | (memory.BaseNumber & 8) >> 3;

    private byte* Address(byte* p, int reg, in Mem memory, int trailing)
    {
        int field = (reg & 7) << 3;
        if (memory.BaseNumber >= Mem.NoRegister)
        {
            int displacement;
            if (memory.BaseNumber == Mem.RipBase)
            {
                *p++ = (byte)(field | 5);
                displacement = Distance(p + 4 + trailing, memory.Displacement);
            }
            else
            {
                // No base: SIB with base 101 and mod 00.
                *p++ = (byte)(field | 4);
                *p++ = (byte)(ScaleAndIndex(memory) | 5);
                displacement = (int)memory.Displacement;
            }

            Unsafe.WriteUnaligned(p, displacement);
            return p + 4;
        }

        // Base 101 (RBP, R13) with mod 00 means something else, so these always have a displacement.
        int offset = (int)memory.Displacement;
        int low = memory.BaseNumber & 7;
        int mod = offset == 0 && low != 5 ? 0x00 : IsInt8(offset) ? 0x40 : 0x80;

        // rm 100 announces a SIB byte, so RSP and R12 need one even without an index.
        if (memory.IndexNumber != Mem.NoRegister || low == 4)
        {
            *p++ = (byte)(mod | field | 4);
            *p++ = (byte)(ScaleAndIndex(memory) | low);
        }
        else
        {
            *p++ = (byte)(mod | field | low);
        }

        // Four bytes are stored, of which mod 00, 01, 10 says that 0, 1 or 4 count.
        Unsafe.WriteUnaligned(p, offset);
        return p + (0x410 >> (mod >> 4) & 0xF);
    }

    private static int ScaleAndIndex(in Mem memory) =>
        memory.ScaleLog2 << 6 | (memory.IndexNumber == Mem.NoRegister ? 4 : memory.IndexNumber & 7) << 3;

    // The signed 32-bit distance from the end of an instruction to an address.
    private int Distance(byte* instructionEnd, long executeAddress)
    {
        if (Overflowed)
        {
            return 0;
        }

        long distance = executeAddress - ExecuteAddressOf(instructionEnd);
        return IsInt32(distance) ? (int)distance : throw OutOfReach(executeAddress);
    }

    private void Plain(uint opcode)
    {
        int rex = (int)(opcode >> RexWToRexShift & 8);
        _next = Head(Open(), opcode, rex);
    }

    // The register is part of the opcode.
    private void PlusRegister(uint opcode, int register)
    {
        _next = PlusRegister(Open(), opcode, register);
    }

    private static byte* PlusRegister(byte* p, uint opcode, int register)
    {
        int rex = (int)(opcode >> RexWToRexShift & 8) | register >> 3;
        if (NeedsEmptyRex(opcode, 0, register))
        {
            rex |= 0x40;
        }

        return Head(p, opcode + (uint)(register & 7), rex);
    }

    private void Modrm(uint opcode, int reg, int rm) => _next = Encode(Open(), opcode, reg, rm);

    private void Modrm(uint opcode, int reg, in Mem memory) => _next = Encode(Open(), opcode, reg, memory, 0);

    private void ModrmImmediate(uint opcode, int reg, int rm, int immediate, int byteCount) =>
        _next = Immediate(Encode(Open(), opcode, reg, rm), immediate, byteCount);

    private void ModrmImmediate(uint opcode, int reg, in Mem memory, int immediate, int byteCount) =>
        _next = Immediate(Encode(Open(), opcode, reg, memory, byteCount), immediate, byteCount);
}
