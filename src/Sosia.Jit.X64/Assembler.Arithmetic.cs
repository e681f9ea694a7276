namespace Sosia.Jit.X64;

/// <content>Integer arithmetic and logic.</content>
public sealed unsafe partial class Assembler
{
    /// <summary>ADD, OR, ADC, SBB, AND, SUB, XOR, CMP: destination = destination op source.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">The first operand.</param>
    /// <param name="source">The second operand.</param>
    public void Alu(AluOperation operation, int width, Gpr destination, Gpr source) =>
        Modrm(Sized((uint)operation << 3, width), (int)source, (int)destination);

    /// <inheritdoc cref="Alu(AluOperation, int, Gpr, Gpr)"/>
    public void Alu(AluOperation operation, int width, Gpr destination, in Mem source) =>
        Modrm(Sized((uint)operation << 3 | 2, width), (int)destination, source);

    /// <inheritdoc cref="Alu(AluOperation, int, Gpr, Gpr)"/>
    public void Alu(AluOperation operation, int width, in Mem destination, Gpr source) =>
        Modrm(Sized((uint)operation << 3, width), (int)source, destination);

    /// <summary>ADD, OR, ADC, SBB, AND, SUB, XOR, CMP with a constant.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">The first operand.</param>
    /// <param name="immediate">The second; its low bits for widths 8 and 16, sign-extended for 64.</param>
    public void Alu(AluOperation operation, int width, Gpr destination, int immediate)
    {
        bool small = FitsByte(width, immediate);
        if (destination == Gpr.Rax && (width == 8 || !small))
        {
            uint opcode = Sized((uint)operation << 3 | 4, width);
            _next = Immediate(Head(Open(), opcode, (int)(opcode >> RexWToRexShift & 8)), immediate, ImmediateByteCount(width));
            return;
        }

        ModrmImmediate(AluImmediateOpcode(width, small), (int)operation, (int)destination, immediate, small ? 1 : ImmediateByteCount(width));
    }

    /// <inheritdoc cref="Alu(AluOperation, int, Gpr, int)"/>
    public void Alu(AluOperation operation, int width, in Mem destination, int immediate)
    {
        bool small = FitsByte(width, immediate);
        ModrmImmediate(AluImmediateOpcode(width, small), (int)operation, destination, immediate, small ? 1 : ImmediateByteCount(width));
    }

    /// <summary>TEST: sets the flags of AND, writes nothing else.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="first">One operand.</param>
    /// <param name="second">The other.</param>
    public void Test(int width, Gpr first, Gpr second) => Modrm(Sized(0x84, width), (int)second, (int)first);

    /// <inheritdoc cref="Test(int, Gpr, Gpr)"/>
    public void Test(int width, in Mem first, Gpr second) => Modrm(Sized(0x84, width), (int)second, first);

    /// <summary>TEST with a constant.</summary>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="first">The operand.</param>
    /// <param name="immediate">The constant; its low bits for widths 8 and 16, sign-extended for 64.</param>
    public void Test(int width, Gpr first, int immediate)
    {
        if (first == Gpr.Rax)
        {
            uint opcode = Sized(0xA8, width);
            _next = Immediate(Head(Open(), opcode, (int)(opcode >> RexWToRexShift & 8)), immediate, ImmediateByteCount(width));
            return;
        }

        ModrmImmediate(SizedGroup(0xF6, width), 0, (int)first, immediate, ImmediateByteCount(width));
    }

    /// <inheritdoc cref="Test(int, Gpr, int)"/>
    public void Test(int width, in Mem first, int immediate) =>
        ModrmImmediate(SizedGroup(0xF6, width), 0, first, immediate, ImmediateByteCount(width));

    /// <summary>INC, DEC, NOT, NEG, and MUL, IMUL, DIV, IDIV with RDX:RAX (width 8: AX).</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="operand">The operand.</param>
    public void Unary(UnaryOperation operation, int width, Gpr operand) =>
        Modrm(SizedGroup(UnaryOpcode(operation), width), UnaryDigit(operation), (int)operand);

    /// <inheritdoc cref="Unary(UnaryOperation, int, Gpr)"/>
    public void Unary(UnaryOperation operation, int width, in Mem operand) =>
        Modrm(SizedGroup(UnaryOpcode(operation), width), UnaryDigit(operation), operand);

    /// <summary>IMUL with two operands: destination = destination * source.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">The first factor and the product.</param>
    /// <param name="source">The second factor.</param>
    public void Imul(int width, Gpr destination, Gpr source) => Modrm(Wide(Map0F | 0xAF, width), (int)destination, (int)source);

    /// <inheritdoc cref="Imul(int, Gpr, Gpr)"/>
    public void Imul(int width, Gpr destination, in Mem source) => Modrm(Wide(Map0F | 0xAF, width), (int)destination, source);

    /// <summary>IMUL with three operands: destination = source * immediate.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">The product.</param>
    /// <param name="source">The first factor.</param>
    /// <param name="immediate">The second factor.</param>
    public void Imul(int width, Gpr destination, Gpr source, int immediate)
    {
        bool small = FitsByte(width, immediate);
        ModrmImmediate(Wide(small ? 0x6Bu : 0x69u, width), (int)destination, (int)source, immediate, small ? 1 : ImmediateByteCount(width));
    }

    /// <inheritdoc cref="Imul(int, Gpr, Gpr, int)"/>
    public void Imul(int width, Gpr destination, in Mem source, int immediate)
    {
        bool small = FitsByte(width, immediate);
        ModrmImmediate(Wide(small ? 0x6Bu : 0x69u, width), (int)destination, source, immediate, small ? 1 : ImmediateByteCount(width));
    }

    /// <summary>CRC32: accumulates the source into the destination with the polynomial 11EDC6F41h.</summary>
    /// <param name="width">The source's width: 8, 16, 32 or 64.</param>
    /// <param name="destination">The accumulator.</param>
    /// <param name="source">The data.</param>
    public void Crc32(int width, Gpr destination, Gpr source) => Modrm(Crc32Opcode(width), (int)destination, (int)source);

    /// <inheritdoc cref="Crc32(int, Gpr, Gpr)"/>
    public void Crc32(int width, Gpr destination, in Mem source) => Modrm(Crc32Opcode(width), (int)destination, source);

    /// <summary>CWD, CDQ, CQO: fills RDX with the sign of RAX.</summary>
    /// <param name="width">16 (DX:AX), 32 (EDX:EAX) or 64 (RDX:RAX).</param>
    public void SignIntoRdx(int width) => Plain(Wide(0x99, width));

    /// <summary>CBW, CWDE, CDQE: sign-extends the lower half of RAX.</summary>
    /// <param name="width">The result's: 16 (AL to AX), 32 (AX to EAX) or 64 (EAX to RAX).</param>
    public void SignExtendRax(int width) => Plain(Wide(0x98, width));

    /// <summary>STC: CF = 1.</summary>
    public void Stc() => Plain(0xF9);

    /// <summary>CLC: CF = 0.</summary>
    public void Clc() => Plain(0xF8);

    /// <summary>CMC: inverts CF.</summary>
    public void Cmc() => Plain(0xF5);

    /// <summary>LAHF: AH = SF, ZF, AF, PF, CF in bits 7, 6, 4, 2, 0; bit 1 is set.</summary>
    public void Lahf() => Plain(0x9F);

    /// <summary>SAHF: SF, ZF, AF, PF, CF from AH.</summary>
    public void Sahf() => Plain(0x9E);

    // Group 1: 80 for bytes, 83 with a sign-extended byte, 81 with a full immediate.
    private static uint AluImmediateOpcode(int width, bool small) => SizedGroup(0x80, width) | (small && width != 8 ? 2u : 0u);

    // Whether the immediate, sign-extended from a byte, gives the same operand.
    private static bool FitsByte(int width, int immediate) => width switch
    {
        8 => true,
        16 => IsInt8((short)immediate),
        _ => IsInt8(immediate),
    };

    private static uint UnaryOpcode(UnaryOperation operation) => operation <= UnaryOperation.Dec ? 0xFEu : 0xF6u;

    // INC /0 and DEC /1 of FE and FF; NOT /2 to IDIV /7 of F6 and F7.
    private static int UnaryDigit(UnaryOperation operation) => (int)operation;

    // The byte form is F0, so the lowest bit works as usual; ModRM.reg is never a byte register.
    private static uint Crc32Opcode(int width) => Sized(PrefixF2 | Map0F38 | 0xF0, width) & ~ByteReg;
}
