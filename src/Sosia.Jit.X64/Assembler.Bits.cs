namespace Sosia.Jit.X64;

/// <content>Shifts, rotates, bit tests and bit counts.</content>
public sealed unsafe partial class Assembler
{
    /// <summary>ROL, ROR, RCL, RCR, SHL, SHR, SAR by a constant.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">Shifted.</param>
    /// <param name="count">Its low 5 bits count, with width 64 its low 6.</param>
    public void Shift(ShiftOperation operation, int width, Gpr destination, int count)
    {
        if (count == 1)
        {
            Modrm(SizedGroup(0xD0, width), (int)operation, (int)destination);
            return;
        }

        ModrmImmediate(SizedGroup(0xC0, width), (int)operation, (int)destination, count, 1);
    }

    /// <inheritdoc cref="Shift(ShiftOperation, int, Gpr, int)"/>
    public void Shift(ShiftOperation operation, int width, in Mem destination, int count)
    {
        if (count == 1)
        {
            Modrm(SizedGroup(0xD0, width), (int)operation, destination);
            return;
        }

        ModrmImmediate(SizedGroup(0xC0, width), (int)operation, destination, count, 1);
    }

    /// <summary>ROL, ROR, RCL, RCR, SHL, SHR, SAR by CL.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">8, 16, 32 or 64.</param>
    /// <param name="destination">Shifted.</param>
    public void ShiftByCl(ShiftOperation operation, int width, Gpr destination) =>
        Modrm(SizedGroup(0xD2, width), (int)operation, (int)destination);

    /// <inheritdoc cref="ShiftByCl(ShiftOperation, int, Gpr)"/>
    public void ShiftByCl(ShiftOperation operation, int width, in Mem destination) =>
        Modrm(SizedGroup(0xD2, width), (int)operation, destination);

    /// <summary>SHLD by a constant: shifts left and fills with the source's highest bits.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Shifted.</param>
    /// <param name="source">Where the new bits come from.</param>
    /// <param name="count">Its low 5 bits count, with width 64 its low 6.</param>
    public void Shld(int width, Gpr destination, Gpr source, int count) =>
        ModrmImmediate(Wide(Map0F | 0xA4, width), (int)source, (int)destination, count, 1);

    /// <inheritdoc cref="Shld(int, Gpr, Gpr, int)"/>
    public void Shld(int width, in Mem destination, Gpr source, int count) =>
        ModrmImmediate(Wide(Map0F | 0xA4, width), (int)source, destination, count, 1);

    /// <summary>SHLD by CL.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Shifted.</param>
    /// <param name="source">Where the new bits come from.</param>
    public void ShldByCl(int width, Gpr destination, Gpr source) => Modrm(Wide(Map0F | 0xA5, width), (int)source, (int)destination);

    /// <inheritdoc cref="ShldByCl(int, Gpr, Gpr)"/>
    public void ShldByCl(int width, in Mem destination, Gpr source) => Modrm(Wide(Map0F | 0xA5, width), (int)source, destination);

    /// <summary>SHRD by a constant: shifts right and fills with the source's lowest bits.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Shifted.</param>
    /// <param name="source">Where the new bits come from.</param>
    /// <param name="count">Its low 5 bits count, with width 64 its low 6.</param>
    public void Shrd(int width, Gpr destination, Gpr source, int count) =>
        ModrmImmediate(Wide(Map0F | 0xAC, width), (int)source, (int)destination, count, 1);

    /// <inheritdoc cref="Shrd(int, Gpr, Gpr, int)"/>
    public void Shrd(int width, in Mem destination, Gpr source, int count) =>
        ModrmImmediate(Wide(Map0F | 0xAC, width), (int)source, destination, count, 1);

    /// <summary>SHRD by CL.</summary>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Shifted.</param>
    /// <param name="source">Where the new bits come from.</param>
    public void ShrdByCl(int width, Gpr destination, Gpr source) => Modrm(Wide(Map0F | 0xAD, width), (int)source, (int)destination);

    /// <inheritdoc cref="ShrdByCl(int, Gpr, Gpr)"/>
    public void ShrdByCl(int width, in Mem destination, Gpr source) => Modrm(Wide(Map0F | 0xAD, width), (int)source, destination);

    /// <summary>BT, BTS, BTR, BTC with the bit's number in a register.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Where the bit is; in memory the number is signed and reaches beyond the operand.</param>
    /// <param name="bit">The bit's number.</param>
    public void Bit(BitOperation operation, int width, Gpr destination, Gpr bit) =>
        Modrm(Wide(BitOpcode(operation), width), (int)bit, (int)destination);

    /// <inheritdoc cref="Bit(BitOperation, int, Gpr, Gpr)"/>
    public void Bit(BitOperation operation, int width, in Mem destination, Gpr bit) =>
        Modrm(Wide(BitOpcode(operation), width), (int)bit, destination);

    /// <summary>BT, BTS, BTR, BTC with a constant number of the bit.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">Where the bit is.</param>
    /// <param name="bit">The number, below the width.</param>
    public void Bit(BitOperation operation, int width, Gpr destination, int bit) =>
        ModrmImmediate(Wide(Map0F | 0xBA, width), (int)operation, (int)destination, bit, 1);

    /// <inheritdoc cref="Bit(BitOperation, int, Gpr, int)"/>
    public void Bit(BitOperation operation, int width, in Mem destination, int bit) =>
        ModrmImmediate(Wide(Map0F | 0xBA, width), (int)operation, destination, bit, 1);

    /// <summary>BSF, BSR, TZCNT, LZCNT, POPCNT.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">16, 32 or 64.</param>
    /// <param name="destination">The number found.</param>
    /// <param name="source">The bits.</param>
    public void BitCount(BitCountOperation operation, int width, Gpr destination, Gpr source) =>
        Modrm(Wide(BitCountOpcode(operation), width), (int)destination, (int)source);

    /// <inheritdoc cref="BitCount(BitCountOperation, int, Gpr, Gpr)"/>
    public void BitCount(BitCountOperation operation, int width, Gpr destination, in Mem source) =>
        Modrm(Wide(BitCountOpcode(operation), width), (int)destination, source);

    /// <summary>ANDN, PDEP, PEXT, MULX.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="first">The first source; with MULX the low half of the product is written to it.</param>
    /// <param name="second">The second source.</param>
    public void Bmi(BmiOperation operation, int width, Gpr destination, Gpr first, Gpr second) =>
        VexModrm(BmiOpcode(operation, width), (int)destination, (int)first, (int)second);

    /// <inheritdoc cref="Bmi(BmiOperation, int, Gpr, Gpr, Gpr)"/>
    public void Bmi(BmiOperation operation, int width, Gpr destination, Gpr first, in Mem second) =>
        VexModrm(BmiOpcode(operation, width), (int)destination, (int)first, second, 0);

    /// <summary>SHLX, SHRX, SARX, BEXTR, BZHI.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">The value.</param>
    /// <param name="count">The count, or what takes its place.</param>
    public void BmiShift(BmiShiftOperation operation, int width, Gpr destination, Gpr source, Gpr count) =>
        VexModrm(BmiShiftOpcode(operation, width), (int)destination, (int)count, (int)source);

    /// <inheritdoc cref="BmiShift(BmiShiftOperation, int, Gpr, Gpr, Gpr)"/>
    public void BmiShift(BmiShiftOperation operation, int width, Gpr destination, in Mem source, Gpr count) =>
        VexModrm(BmiShiftOpcode(operation, width), (int)destination, (int)count, source, 0);

    /// <summary>BLSR, BLSMSK, BLSI.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="width">32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">The bits.</param>
    public void BmiLowBit(BmiLowBitOperation operation, int width, Gpr destination, Gpr source) =>
        VexModrm(Long(Map0F38 | 0xF3, width), (int)operation, (int)destination, (int)source);

    /// <inheritdoc cref="BmiLowBit(BmiLowBitOperation, int, Gpr, Gpr)"/>
    public void BmiLowBit(BmiLowBitOperation operation, int width, Gpr destination, in Mem source) =>
        VexModrm(Long(Map0F38 | 0xF3, width), (int)operation, (int)destination, source, 0);

    /// <summary>RORX (BMI2): rotates right; flags unchanged.</summary>
    /// <param name="width">32 or 64.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">The value.</param>
    /// <param name="count">Its low 5 bits count, with width 64 its low 6.</param>
    public void Rorx(int width, Gpr destination, Gpr source, int count)
    {
        byte* p = VexEncode(Open(), Long(PrefixF2 | Map0F3A | 0xF0, width), (int)destination, 0, (int)source);
        _next = Immediate(p, count, 1);
    }

    /// <inheritdoc cref="Rorx(int, Gpr, Gpr, int)"/>
    public void Rorx(int width, Gpr destination, in Mem source, int count)
    {
        byte* p = VexEncode(Open(), Long(PrefixF2 | Map0F3A | 0xF0, width), (int)destination, 0, source, 1);
        _next = Immediate(p, count, 1);
    }

    // BT A3, BTS AB, BTR B3, BTC BB.
    private static uint BitOpcode(BitOperation operation) => Map0F | 0x83u | (uint)operation << 3;

    private static uint BitCountOpcode(BitCountOperation operation) => operation switch
    {
        BitCountOperation.Bsf => Map0F | 0xBC,
        BitCountOperation.Bsr => Map0F | 0xBD,
        BitCountOperation.Tzcnt => PrefixF3 | Map0F | 0xBC,
        BitCountOperation.Lzcnt => PrefixF3 | Map0F | 0xBD,
        _ => PrefixF3 | Map0F | 0xB8,
    };

    private static uint BmiOpcode(BmiOperation operation, int width) => Map0F38 | Long(
        operation switch
        {
            BmiOperation.Andn => 0xF2u,
            BmiOperation.Pdep => PrefixF2 | 0xF5u,
            BmiOperation.Pext => PrefixF3 | 0xF5u,
            _ => PrefixF2 | 0xF6u,
        },
        width);

    private static uint BmiShiftOpcode(BmiShiftOperation operation, int width) => Map0F38 | Long(
        operation switch
        {
            BmiShiftOperation.Shlx => Prefix66 | 0xF7u,
            BmiShiftOperation.Shrx => PrefixF2 | 0xF7u,
            BmiShiftOperation.Sarx => PrefixF3 | 0xF7u,
            BmiShiftOperation.Bextr => 0xF7u,
            _ => 0xF5u,
        },
        width);
}
