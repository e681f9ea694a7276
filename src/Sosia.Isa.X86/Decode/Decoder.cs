using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Semantics;

namespace Sosia.Isa.X86.Decode;

/// <summary>Finds the table row and the operands of the instruction at the start of a run of bytes (SDM vol. 2, chapter 2).</summary>
public static class Decoder
{
    private const int MaxLength = 15;

    /// <summary>Decodes one instruction of a processor that has every feature.</summary>
    /// <param name="bytes">Guest code; at most 15 bytes are looked at.</param>
    /// <param name="codeBits">16, 32 or 64.</param>
    /// <param name="instruction">The result; <see cref="DecodedInstruction.Row"/> is null for an undefined opcode.</param>
    public static DecodeStatus Decode(ReadOnlySpan<byte> bytes, int codeBits, out DecodedInstruction instruction)
        => Decode(bytes, codeBits, ulong.MaxValue, out instruction);

    /// <summary>Decodes one instruction.</summary>
    /// <param name="bytes">Guest code; at most 15 bytes are looked at.</param>
    /// <param name="codeBits">16, 32 or 64.</param>
    /// <param name="features">The processor's features: bit n stands for <see cref="CpuFeature"/> n. Instructions of others are undefined, or what they were before the feature existed.</param>
    /// <param name="instruction">The result; <see cref="DecodedInstruction.Row"/> is null for an undefined opcode.</param>
    public static DecodeStatus Decode(ReadOnlySpan<byte> bytes, int codeBits, ulong features, out DecodedInstruction instruction)
    {
        instruction = default;
        instruction.CodeBits = codeBits;
        instruction.SegmentOverride = -1;
        instruction.Base = -1;
        instruction.Index = -1;
        bool full = bytes.Length >= MaxLength;
        var reader = new Reader(full ? bytes[..MaxLength] : bytes);
        bool addressSizePrefix = false;
        bool undefined = false;

        while (true)
        {
            if (!reader.TryByte(out byte value))
            {
                return Short(full);
            }

            if (codeBits == 64 && (value & 0xf0) == 0x40)
            {
                instruction.Rex = value;
                continue;
            }

            int segment = value switch { 0x26 => 0, 0x2e => 1, 0x36 => 2, 0x3e => 3, 0x64 => 4, 0x65 => 5, _ => -1 };
            if (segment >= 0)
            {
                // In 64-bit mode the ES, CS, SS and DS prefixes are null prefixes: they do not even cancel FS or GS.
                if (codeBits != 64 || segment >= 4)
                {
                    instruction.SegmentOverride = segment;
                }
            }
            else if (value == 0x66)
            {
                instruction.HasOperandSizePrefix = true;
            }
            else if (value == 0x67)
            {
                addressSizePrefix = true;
            }
            else if (value == 0xf0)
            {
                instruction.HasLock = true;
            }
            else if (value is 0xf2 or 0xf3)
            {
                instruction.RepPrefix = value;
            }
            else
            {
                instruction.Opcode = value;
                break;
            }

            // A REX prefix counts only directly before the opcode.
            instruction.Rex = 0;
        }

        instruction.AddressBits = codeBits switch { 64 => addressSizePrefix ? 32 : 64, 32 => addressSizePrefix ? 16 : 32, _ => addressSizePrefix ? 32 : 16 };

        if (instruction.Opcode is 0xc4 or 0xc5)
        {
            if (!reader.TryPeek(out byte next))
            {
                return Short(full);
            }

            if (codeBits == 64 || (next & 0xc0) == 0xc0)
            {
                undefined = instruction.HasLock || instruction.RepPrefix != 0 || instruction.HasOperandSizePrefix || instruction.Rex != 0;
                if (!ReadVex(ref reader, ref instruction))
                {
                    return Short(full);
                }
            }
        }
        else if (instruction.Opcode == 0x0f)
        {
            if (!reader.TryByte(out instruction.Opcode))
            {
                return Short(full);
            }

            instruction.Map = 1;
            if (instruction.Opcode is 0x38 or 0x3a)
            {
                instruction.Map = instruction.Opcode == 0x38 ? 2 : 3;
                if (!reader.TryByte(out instruction.Opcode))
                {
                    return Short(full);
                }
            }
        }

        bool rexW = (instruction.Rex & 8) != 0;
        instruction.EffectiveBits = codeBits switch
        {
            64 => rexW ? 64 : instruction.HasOperandSizePrefix ? 16 : 32,
            32 => instruction.HasOperandSizePrefix ? 16 : 32,
            _ => instruction.HasOperandSizePrefix ? 32 : 16,
        };

        ReadOnlySpan<InstructionRow> candidates = undefined || instruction.Map > 7 ? [] : InstructionTable.At(instruction.Map, instruction.Opcode);
        bool hasModRm = reader.TryPeek(out instruction.ModRm);
        InstructionRow? row = null;
        foreach (InstructionRow candidate in candidates)
        {
            if (candidate.Encoding.HasModRm && !hasModRm)
            {
                return Short(full);
            }

            if ((features >> (int)candidate.Feature & 1) != 0 && Matches(candidate, in instruction, codeBits))
            {
                row = candidate;
                break;
            }
        }

        if (row is null)
        {
            instruction.Length = reader.Position;
            return DecodeStatus.Ok;
        }

        instruction.Row = row;
        if (codeBits == 64)
        {
            if ((row.Flags & RowFlags.Force64) != 0)
            {
                instruction.EffectiveBits = 64;
            }
            else if ((row.Flags & RowFlags.Default64) != 0)
            {
                instruction.EffectiveBits = instruction.HasOperandSizePrefix && !rexW ? 16 : 64;
            }
        }

        if (row.Encoding.HasModRm)
        {
            reader.TryByte(out _);
            if (!ReadModRm(ref reader, ref instruction, row))
            {
                return Short(full);
            }
        }

        if (!ReadImmediates(ref reader, ref instruction, row))
        {
            return Short(full);
        }

        instruction.Length = reader.Position;
        Classify(ref instruction, row);
        return DecodeStatus.Ok;
    }

    /// <summary>The width in bits that a size code means for an instruction.</summary>
    /// <param name="size">See <see cref="OperandSpec.Size"/>.</param>
    /// <param name="effectiveBits">The effective operand size.</param>
    /// <param name="rexW">REX.W or VEX.W.</param>
    /// <param name="vexLength">VEX.L.</param>
    public static int BitsOf(char size, int effectiveBits, bool rexW, int vexLength) => size switch
    {
        'b' => 8,
        'w' => 16,
        'd' => 32,
        'q' => 64,
        'v' => effectiveBits,
        'z' => Math.Min(effectiveBits, 32),
        'y' => rexW ? 64 : 32,
        's' => effectiveBits,
        'x' => 128 << vexLength,
        'o' => 128,
        't' => 80,
        _ => effectiveBits,
    };

    private static DecodeStatus Short(bool full) => full ? DecodeStatus.TooLong : DecodeStatus.NeedMoreBytes;

    private static bool Matches(InstructionRow row, in DecodedInstruction instruction, int codeBits)
    {
        Encoding encoding = row.Encoding;
        RowFlags flags = row.Flags;
        if ((flags & RowFlags.Not64) != 0 && codeBits == 64)
        {
            return false;
        }

        if ((flags & RowFlags.Only64) != 0 && codeBits != 64)
        {
            return false;
        }

        if (encoding.HasModRm)
        {
            bool isRegister = instruction.ModRm >= 0xc0;
            if (encoding.ModRmByte >= 0)
            {
                int mask = encoding.ModRmHasRegister ? 0xf8 : 0xff;
                if ((instruction.ModRm & mask) != (encoding.ModRmByte & mask))
                {
                    return false;
                }
            }
            else if (encoding.RegDigit >= 0 && ((instruction.ModRm >> 3) & 7) != encoding.RegDigit)
            {
                return false;
            }

            foreach (ref readonly OperandSpec operand in row.Operands.AsSpan())
            {
                bool registerOnly = operand.Kind is OperandKind.GeneralRmRegister or OperandKind.VectorRmRegister or OperandKind.MmxRmRegister;
                // MOV to and from control and debug registers ignores the mod field, as the processor does.
                bool ignoresMod = registerOnly && row.Operands.Length == 2
                    && (row.Operands[0].Kind is OperandKind.ControlReg or OperandKind.DebugReg || row.Operands[1].Kind is OperandKind.ControlReg or OperandKind.DebugReg);
                if ((registerOnly && !isRegister && !ignoresMod) || (operand.Kind == OperandKind.Memory && isRegister))
                {
                    return false;
                }
            }
        }

        bool rexW = (instruction.Rex & 8) != 0;
        if (encoding.Prefix != Encoding.AnyPrefix)
        {
            int actual = instruction.RepPrefix != 0 ? instruction.RepPrefix : instruction.HasOperandSizePrefix ? 0x66 : 0;
            if (encoding.Prefix != actual && !(encoding.Prefix == Encoding.NoPrefix && actual == 0))
            {
                return false;
            }
        }

        if ((encoding.RexW && !rexW) || (encoding.VexW0 && rexW) || (encoding.NoRexB && (instruction.Rex & 1) != 0))
        {
            return false;
        }

        if (encoding.OperandBits != 0)
        {
            int effective = codeBits == 64 && (flags & RowFlags.Force64) != 0 ? 64
                : codeBits == 64 && (flags & RowFlags.Default64) != 0 ? (instruction.HasOperandSizePrefix && !rexW ? 16 : 64)
                : instruction.EffectiveBits;
            if (effective != encoding.OperandBits)
            {
                return false;
            }
        }

        if (encoding.AddressBits != 0 && instruction.AddressBits != encoding.AddressBits)
        {
            return false;
        }

        return !encoding.IsVex || MatchesVex(row, in instruction);
    }

    private static bool MatchesVex(InstructionRow row, in DecodedInstruction instruction)
    {
        if (row.Encoding.VexLength >= 0 && row.Encoding.VexLength != instruction.VexLength)
        {
            return false;
        }

        // VSIB needs a SIB byte, and no 16-bit address has one (SDM vol. 2, 2.3.12).
        if ((row.Flags & RowFlags.VectorIndex) != 0 && ((instruction.ModRm & 7) != 4 || instruction.AddressBits == 16))
        {
            return false;
        }

        if (instruction.VexRegister == 0)
        {
            return true;
        }

        // Without an operand in VEX.vvvv the field must be all ones (SDM vol. 2, 2.3.5.6).
        foreach (ref readonly OperandSpec operand in row.Operands.AsSpan())
        {
            if (operand.Kind is OperandKind.GeneralVex or OperandKind.VectorVex)
            {
                return true;
            }
        }

        return false;
    }

    private static bool ReadVex(ref Reader reader, ref DecodedInstruction instruction)
    {
        if (!reader.TryByte(out byte first))
        {
            return false;
        }

        byte second;
        int map = 1;
        int rex = 0;
        if (instruction.Opcode == 0xc5)
        {
            second = first;
            rex |= (~first >> 5) & 4;
        }
        else
        {
            if (!reader.TryByte(out second))
            {
                return false;
            }

            rex |= (~first >> 5) & 7;
            map = first & 0x1f;
            rex |= (second >> 4) & 8;
        }

        if (instruction.CodeBits != 64)
        {
            rex &= 8;
        }

        instruction.HasVex = true;
        instruction.Rex = (byte)(0x40 | rex);
        instruction.VexRegister = (byte)((~second >> 3) & (instruction.CodeBits == 64 ? 15 : 7));
        instruction.VexLength = (byte)((second >> 2) & 1);
        instruction.HasOperandSizePrefix = (second & 3) == 1;
        instruction.RepPrefix = (second & 3) switch { 2 => 0xf3, 3 => 0xf2, _ => 0 };
        instruction.Map = map is >= 1 and <= 3 ? map + 4 : 8;
        return reader.TryByte(out instruction.Opcode);
    }

    private static bool ReadModRm(ref Reader reader, ref DecodedInstruction instruction, InstructionRow row)
    {
        int mod = instruction.ModRm >> 6;
        int rm = instruction.ModRm & 7;
        if (mod == 3 || IgnoresMod(row))
        {
            return true;
        }

        instruction.IsMemory = true;
        bool usesStack = false;
        int displacementBytes = mod == 1 ? 1 : mod == 2 ? (instruction.AddressBits == 16 ? 2 : 4) : 0;
        if (instruction.AddressBits == 16)
        {
            if (mod == 0 && rm == 6)
            {
                displacementBytes = 2;
            }
            else
            {
                // BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP, BX.
                instruction.Base = rm switch { 0 or 1 or 7 => 3, 2 or 3 or 6 => 5, 4 => 6, _ => 7 };
                instruction.Index = rm switch { 0 or 2 => 6, 1 or 3 => 7, _ => -1 };
                usesStack = rm is 2 or 3 or 6;
            }
        }
        else if (rm == 4)
        {
            if (!reader.TryByte(out byte sib))
            {
                return false;
            }

            int index = ((sib >> 3) & 7) | ((instruction.Rex & 2) << 2);
            instruction.Index = index == 4 && (row.Flags & RowFlags.VectorIndex) == 0 ? -1 : index;
            instruction.Scale = (byte)(sib >> 6);
            if ((sib & 7) == 5 && mod == 0)
            {
                displacementBytes = 4;
            }
            else
            {
                instruction.Base = (sib & 7) | ((instruction.Rex & 1) << 3);
                usesStack = instruction.Base is 4 or 5;
            }
        }
        else if (rm == 5 && mod == 0)
        {
            displacementBytes = 4;
            instruction.IsRipRelative = instruction.CodeBits == 64;
        }
        else
        {
            instruction.Base = rm | ((instruction.Rex & 1) << 3);
            usesStack = instruction.Base == 5;
        }

        if (!reader.TrySigned(displacementBytes, out instruction.Displacement))
        {
            return false;
        }

        instruction.Segment = instruction.SegmentOverride >= 0 ? instruction.SegmentOverride : usesStack ? 2 : 3;
        return true;
    }

    private static bool IgnoresMod(InstructionRow row)
        => row.Operands.Length == 2 && (row.Operands[0].Kind is OperandKind.ControlReg or OperandKind.DebugReg || row.Operands[1].Kind is OperandKind.ControlReg or OperandKind.DebugReg);

    private static bool ReadImmediates(ref Reader reader, ref DecodedInstruction instruction, InstructionRow row)
    {
        bool first = true;
        foreach (ref readonly OperandSpec operand in row.Operands.AsSpan())
        {
            switch (operand.Kind)
            {
                case OperandKind.Immediate when !first:
                    if (!reader.TryByte(out instruction.Immediate2))
                    {
                        return false;
                    }

                    break;
                case OperandKind.Immediate:
                case OperandKind.VectorImmediate:
                case OperandKind.Relative:
                    int byteCount = operand.Kind == OperandKind.VectorImmediate ? 1 : operand.Size switch
                    {
                        'b' or 's' => 1,
                        'w' => 2,
                        'd' => 4,
                        'v' => instruction.EffectiveBits / 8,
                        _ => Math.Min(instruction.EffectiveBits, 32) / 8,
                    };
                    if (!reader.TrySigned(byteCount, out long value))
                    {
                        return false;
                    }

                    bool unsigned = operand.Kind == OperandKind.Immediate && (operand.Size == 'w' || (row.Flags & RowFlags.UnsignedImmediate) != 0);
                    instruction.Immediate = unsigned ? (ulong)value & (ulong.MaxValue >> (64 - (8 * byteCount))) : (ulong)value;
                    first = false;
                    break;
                case OperandKind.One:
                    instruction.Immediate = 1;
                    break;
                case OperandKind.FarPointer:
                    if (!reader.TrySigned(instruction.EffectiveBits == 16 ? 2 : 4, out long offset) || !reader.TrySigned(2, out long selector))
                    {
                        return false;
                    }

                    instruction.Immediate = (instruction.EffectiveBits == 16 ? (ushort)offset : (uint)offset) | ((ulong)(ushort)selector << 32);
                    break;
                case OperandKind.MemoryOffset:
                    instruction.IsMemory = true;
                    instruction.Segment = instruction.SegmentOverride >= 0 ? instruction.SegmentOverride : 3;
                    if (!reader.TrySigned(instruction.AddressBits / 8, out instruction.Displacement))
                    {
                        return false;
                    }

                    break;
                default:
                    break;
            }
        }

        return true;
    }

    // Places and widths for the handler selectors, and the checks that need the whole instruction.
    private static void Classify(ref DecodedInstruction instruction, InstructionRow row)
    {
        // Outside 64-bit code VEX.W does not widen general registers (SDM vol. 2, ANDN and its like).
        bool rexW = (instruction.Rex & 8) != 0 && instruction.CodeBits == 64;
        OperandSpec[] operands = row.Operands;
        // The first operand gives the operand size; in OUT the second, as the first is the port.
        bool isOutput = operands.Length > 1 && operands[1].Kind == OperandKind.FixedGeneral && (operands[0].Kind == OperandKind.Immediate || operands[0].Text == "DX");
        int sizing = isOutput ? 1 : 0;
        bool isSized = operands.Length > 0 && operands[sizing].Kind is not (OperandKind.Relative or OperandKind.Immediate or OperandKind.FarPointer);
        instruction.OperandBits = !isSized ? instruction.EffectiveBits : BitsOf(operands[sizing].Size, instruction.EffectiveBits, rexW, instruction.VexLength);
        instruction.Destination = operands.Length == 0 ? OperandPlace.None : PlaceOf(operands[0], instruction.IsMemory);
        instruction.Source = operands.Length < 2 ? OperandPlace.None : PlaceOf(operands[1], instruction.IsMemory);
        if (instruction.Source == OperandPlace.Register && operands[1].Kind is OperandKind.GeneralVex or OperandKind.VectorVex && operands.Length > 2)
        {
            // Three-operand VEX forms: the source is the ModRM.rm operand, VEX.vvvv is the third.
            instruction.Source = PlaceOf(operands[2], instruction.IsMemory);
        }

        if (instruction.HasLock && ((row.Flags & RowFlags.Lockable) == 0 || instruction.Destination != OperandPlace.Memory))
        {
            instruction.Row = null;
        }
    }

    private static OperandPlace PlaceOf(in OperandSpec operand, bool isMemory) => operand.Kind switch
    {
        OperandKind.Immediate or OperandKind.One or OperandKind.Relative or OperandKind.FarPointer => OperandPlace.Immediate,
        OperandKind.Memory or OperandKind.MemoryOffset => OperandPlace.Memory,
        OperandKind.GeneralRm or OperandKind.VectorRm or OperandKind.MmxRm => isMemory ? OperandPlace.Memory : OperandPlace.Register,
        _ => OperandPlace.Register,
    };

    private ref struct Reader
    {
        private readonly ReadOnlySpan<byte> _bytes;

        public Reader(ReadOnlySpan<byte> bytes)
        {
            _bytes = bytes;
        }

        public int Position { get; private set; }

        public readonly bool TryPeek(out byte value)
        {
            value = Position < _bytes.Length ? _bytes[Position] : (byte)0;
            return Position < _bytes.Length;
        }

        public bool TryByte(out byte value)
        {
            bool ok = TryPeek(out value);
            Position += ok ? 1 : 0;
            return ok;
        }

        public bool TrySigned(int byteCount, out long value)
        {
            value = 0;
            if (Position + byteCount > _bytes.Length)
            {
                return false;
            }

            ReadOnlySpan<byte> at = _bytes[Position..];
            value = byteCount switch
            {
                0 => 0,
                1 => (sbyte)at[0],
                2 => BinaryPrimitives.ReadInt16LittleEndian(at),
                4 => BinaryPrimitives.ReadInt32LittleEndian(at),
                _ => BinaryPrimitives.ReadInt64LittleEndian(at),
            };
            Position += byteCount;
            return true;
        }
    }
}
