using System;
using System.Runtime.CompilerServices;

namespace Sosia.Jit.X64;

/// <content>Moves, exchanges, conversions of width, the stack and atomic operations. None of the moves touches the flags.</content>
public sealed unsafe partial class Assembler
{
    /// <summary>MOV between registers.</summary>
    /// <param name="width">8, 16, 32 or 64; 32 clears the upper half.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void Mov(int width, Gpr destination, Gpr source) => Modrm(Sized(0x88, width), (int)source, (int)destination);

    /// <summary>MOV from memory.</summary>
    /// <param name="width">8, 16, 32 or 64; 32 clears the upper half.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void Mov(int width, Gpr destination, in Mem source) => Modrm(Sized(0x8A, width), (int)destination, source);

    /// <summary>MOV to memory.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void Mov(int width, in Mem destination, Gpr source) => Modrm(Sized(0x88, width), (int)source, destination);

    /// <summary>MOV of a constant to memory.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="immediate">Its low bits for widths 8 and 16, sign-extended for 64.</param>
    public void Mov(int width, in Mem destination, int immediate) =>
        ModrmImmediate(SizedGroup(0xC6, width), 0, destination, immediate, ImmediateByteCount(width));

    /// <summary>MOV of a constant to a register.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">Written; widths 8 and 16 leave the rest of it alone.</param>
    /// <param name="immediate">Its low bits for widths 8 and 16, sign-extended for 64.</param>
    public void Mov(int width, Gpr destination, int immediate)
    {
        switch (width)
        {
            case 8:
                _next = Immediate(PlusRegister(Open(), 0xB0 | ByteRm, (int)destination), immediate, 1);
                break;
            case 16:
                _next = Immediate(PlusRegister(Open(), 0xB8 | OperandSize, (int)destination), immediate, 2);
                break;
            case 32:
                _next = Immediate(PlusRegister(Open(), 0xB8, (int)destination), immediate, 4);
                break;
            case 64:
                MovImmediate(destination, immediate);
                break;
            default:
                throw NoSuchWidth(width);
        }
    }

    /// <summary>Loads any 64-bit constant in the shortest way that leaves the flags alone: 5, 6, 7 or 10 bytes.</summary>
    /// <param name="destination">Written, all 64 bits.</param>
    /// <param name="value">The constant.</param>
    public void MovImmediate(Gpr destination, long value)
    {
        if (value == (uint)value)
        {
            Mov(32, destination, (int)value);
        }
        else if (IsInt32(value))
        {
            ModrmImmediate(0xC7 | RexW, 0, (int)destination, (int)value, 4);
        }
        else
        {
            byte* p = PlusRegister(Open(), 0xB8 | RexW, (int)destination);

            // SAFETY: Open() left room for a whole instruction.
            Unsafe.WriteUnaligned(p, value);
            _next = p + 8;
        }
    }

    /// <summary>MOVZX, or MOV for a 32-bit source: zero-extends.</summary>
    /// <param name="width">The destination's: 16 (the rest is left alone), 32 or 64 (both clear all upper bits).</param>
    /// <param name="destination">Written.</param>
    /// <param name="sourceWidth">8, 16 or 32.</param>
    /// <param name="source">Read.</param>
    public void Movzx(int width, Gpr destination, int sourceWidth, Gpr source) =>
        Modrm(MovzxOpcode(width, sourceWidth), (int)destination, (int)source);

    /// <inheritdoc cref="Movzx(int, Gpr, int, Gpr)"/>
    public void Movzx(int width, Gpr destination, int sourceWidth, in Mem source) =>
        Modrm(MovzxOpcode(width, sourceWidth), (int)destination, source);

    /// <summary>MOVSX, or MOVSXD for a 32-bit source: sign-extends.</summary>
    /// <param name="width">The destination's: 16 (the rest is left alone), 32 (clears the upper half) or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="sourceWidth">8, 16 or 32.</param>
    /// <param name="source">Read.</param>
    public void Movsx(int width, Gpr destination, int sourceWidth, Gpr source) =>
        Modrm(MovsxOpcode(width, sourceWidth), (int)destination, (int)source);

    /// <inheritdoc cref="Movsx(int, Gpr, int, Gpr)"/>
    public void Movsx(int width, Gpr destination, int sourceWidth, in Mem source) =>
        Modrm(MovsxOpcode(width, sourceWidth), (int)destination, source);

    /// <summary>MOVZX r32 from AH, CH, DH or BH.</summary>
    /// <param name="destination">RAX to RDI: no REX prefix is possible.</param>
    /// <param name="source">RAX, RCX, RDX or RBX, whose bits 15 to 8 are read.</param>
    public void MovzxFromHigh(Gpr destination, Gpr source) => Modrm(Map0F | 0xB6, LowEight(destination), HighByte(source));

    /// <summary>MOV to AH, CH, DH or BH.</summary>
    /// <param name="destination">RAX, RCX, RDX or RBX, whose bits 15 to 8 are written.</param>
    /// <param name="source">RAX, RCX, RDX or RBX, whose bits 7 to 0 are read.</param>
    public void MovToHigh(Gpr destination, Gpr source) => Modrm(0x88, HighByte(source) - 4, HighByte(destination));

    /// <summary>LEA.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="memory">The operand whose address is meant.</param>
    public void Lea(int width, Gpr destination, in Mem memory) => Modrm(Wide(0x8D, width), (int)destination, memory);

    /// <summary>XCHG of registers.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="first">One.</param>
    /// <param name="second">The other.</param>
    public void Xchg(int width, Gpr first, Gpr second)
    {
        // 90+r exchanges with the accumulator; 90 itself would be a NOP, which does not clear the upper half.
        if (width != 8 && first != second && (first == Gpr.Rax || second == Gpr.Rax))
        {
            PlusRegister(Wide(0x90, width), (int)(first == Gpr.Rax ? second : first));
            return;
        }

        Modrm(Sized(0x86, width), (int)second, (int)first);
    }

    /// <summary>XCHG with memory; the hardware always locks it.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="memory">One.</param>
    /// <param name="register">The other.</param>
    public void Xchg(int width, in Mem memory, Gpr register) => Modrm(Sized(0x86, width), (int)register, memory);

    /// <summary>The LOCK prefix for the instruction that is written next, which must have a memory destination.</summary>
    public void Lock() => Plain(0xF0);

    /// <summary>CMPXCHG: if RAX equals the destination, destination = source; otherwise RAX = destination.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">Compared.</param>
    /// <param name="source">The new value.</param>
    public void Cmpxchg(int width, Gpr destination, Gpr source) => Modrm(Sized(Map0F | 0xB0, width), (int)source, (int)destination);

    /// <inheritdoc cref="Cmpxchg(int, Gpr, Gpr)"/>
    public void Cmpxchg(int width, in Mem destination, Gpr source) => Modrm(Sized(Map0F | 0xB0, width), (int)source, destination);

    /// <summary>XADD: exchanges, then destination = the sum.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">Receives the sum.</param>
    /// <param name="source">Receives the destination's old value.</param>
    public void Xadd(int width, Gpr destination, Gpr source) => Modrm(Sized(Map0F | 0xC0, width), (int)source, (int)destination);

    /// <inheritdoc cref="Xadd(int, Gpr, Gpr)"/>
    public void Xadd(int width, in Mem destination, Gpr source) => Modrm(Sized(Map0F | 0xC0, width), (int)source, destination);

    /// <summary>CMPXCHG8B: compares EDX:EAX, writes ECX:EBX.</summary>
    /// <param name="destination">8 bytes.</param>
    public void Cmpxchg8b(in Mem destination) => Modrm(Map0F | 0xC7, 1, destination);

    /// <summary>CMPXCHG16B: compares RDX:RAX, writes RCX:RBX.</summary>
    /// <param name="destination">16 bytes, aligned.</param>
    public void Cmpxchg16b(in Mem destination) => Modrm(Map0F | 0xC7 | RexW, 1, destination);

    /// <summary>SETcc: the byte becomes 1 or 0.</summary>
    /// <param name="condition">When it becomes 1.</param>
    /// <param name="destination">Its low byte is written.</param>
    public void Setcc(Condition condition, Gpr destination) => Modrm(Map0F | ByteRm | 0x90u | (uint)condition, 0, (int)destination);

    /// <inheritdoc cref="Setcc(Condition, Gpr)"/>
    public void Setcc(Condition condition, in Mem destination) => Modrm(Map0F | 0x90u | (uint)condition, 0, destination);

    /// <summary>CMOVcc; with width 32 the upper half is cleared even when the condition is false.</summary>
    /// <param name="condition">When the source is moved.</param>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read, from memory even when the condition is false.</param>
    public void Cmovcc(Condition condition, int width, Gpr destination, Gpr source) =>
        Modrm(Wide(Map0F | 0x40u | (uint)condition, width), (int)destination, (int)source);

    /// <inheritdoc cref="Cmovcc(Condition, int, Gpr, Gpr)"/>
    public void Cmovcc(Condition condition, int width, Gpr destination, in Mem source) =>
        Modrm(Wide(Map0F | 0x40u | (uint)condition, width), (int)destination, source);

    /// <summary>BSWAP.</summary>
    /// <param name="width">32 or 64.</param>
    /// <param name="register">Its bytes are reversed.</param>
    public void Bswap(int width, Gpr register) => PlusRegister(Long(Map0F | 0xC8, width), (int)register);

    /// <summary>MOVBE: a load with the bytes reversed.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void Movbe(int width, Gpr destination, in Mem source) => Modrm(Wide(Map0F38 | 0xF0, width), (int)destination, source);

    /// <summary>MOVBE: a store with the bytes reversed.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void Movbe(int width, in Mem destination, Gpr source) => Modrm(Wide(Map0F38 | 0xF1, width), (int)source, destination);

    /// <summary>PUSH of all 64 bits.</summary>
    /// <param name="register">Read.</param>
    public void Push(Gpr register) => PlusRegister(0x50, (int)register);

    /// <summary>POP of all 64 bits.</summary>
    /// <param name="register">Written.</param>
    public void Pop(Gpr register) => PlusRegister(0x58, (int)register);

    /// <summary>PUSHFQ.</summary>
    public void Pushfq() => Plain(0x9C);

    /// <summary>POPFQ.</summary>
    public void Popfq() => Plain(0x9D);

    /// <summary>REP MOVS: copies RCX elements from [RSI] to [RDI].</summary>
    /// <param name="width">The element's: 8, 16, 32 or 64.</param>
    public void RepMovs(int width) => Plain(Sized(PrefixF3 | 0xA4, width));

    /// <summary>REP STOS: stores the low part of RAX RCX times to [RDI].</summary>
    /// <param name="width">The element's: 8, 16, 32 or 64.</param>
    public void RepStos(int width) => Plain(Sized(PrefixF3 | 0xAA, width));

    // Writing 32 bits clears the upper half, so 64-bit destinations need no REX.W.
    private static uint MovzxOpcode(int width, int sourceWidth) => sourceWidth switch
    {
        8 => Wide(Map0F | ByteRm | 0xB6, width == 64 ? 32 : width),
        16 when width is 32 or 64 => Map0F | 0xB7,
        32 when width is 64 => 0x8B,
        _ => throw NoSuchWidth(sourceWidth),
    };

    private static uint MovsxOpcode(int width, int sourceWidth) => sourceWidth switch
    {
        8 => Wide(Map0F | ByteRm | 0xBE, width),
        16 when width is 32 or 64 => Wide(Map0F | 0xBF, width),
        32 when width is 64 => 0x63 | RexW,
        _ => throw NoSuchWidth(sourceWidth),
    };

    private static int LowEight(Gpr register) => register <= Gpr.Rdi ? (int)register : throw NoHighByte(register);

    // AH, CH, DH, BH are 4 to 7 where there is no REX prefix.
    private static int HighByte(Gpr register) => register <= Gpr.Rbx ? (int)register + 4 : throw NoHighByte(register);

    private static ArgumentOutOfRangeException NoHighByte(Gpr register) =>
        new(nameof(register), register, "The register cannot be used together with AH, CH, DH or BH.");
}
