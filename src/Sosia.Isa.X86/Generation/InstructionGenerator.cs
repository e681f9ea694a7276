using System;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Generation;

/// <summary>Makes random instructions of a table row, in every operand size and operand form, straight from the row's encoding.</summary>
public sealed class InstructionGenerator
{
    /// <summary>The usual size of the scratch area.</summary>
    public const int DefaultScratchByteCount = 16 * 1024;

    private readonly Random _random;
    private readonly uint _scratchAddress;
    private readonly int _scratchByteCount;

    /// <summary>Creates a generator.</summary>
    /// <param name="random">Where choices come from.</param>
    /// <param name="scratchAddress">Where memory operands go: the middle half of the scratch area that begins here.</param>
    /// <param name="scratchByteCount">The size of the scratch area.</param>
    public InstructionGenerator(Random random, uint scratchAddress, int scratchByteCount = DefaultScratchByteCount)
    {
        _random = random;
        _scratchAddress = scratchAddress;
        _scratchByteCount = scratchByteCount;
    }

    /// <summary>Whether rows whose instructions hold a branch's displacement or a far pointer are made too, to anywhere near; else they have no forms.</summary>
    public bool MakesBranches { get; init; }

    /// <summary>Makes an instruction.</summary>
    /// <param name="row">The row.</param>
    /// <param name="codeBits">64 or 32.</param>
    /// <param name="operandBits">16, 32 or 64: which size prefix to use; rows with a fixed size ignore it.</param>
    /// <param name="memory">Whether ModRM.rm is memory; ignored by rows without a choice.</param>
    /// <param name="instructionAddress">Where it will stand (for RIP-relative operands).</param>
    /// <returns>Null when the row has no such form, or another row takes precedence for it.</returns>
    public GeneratedInstruction? Make(InstructionRow row, int codeBits, int operandBits, bool memory, uint instructionAddress)
    {
        Encoding encoding = row.Encoding;
        bool isVex = encoding.Map >= 4;
        bool hasMemoryOffset = HasOperand(row, OperandKind.MemoryOffset);
        bool isBranch = HasOperand(row, OperandKind.Relative) || HasOperand(row, OperandKind.FarPointer);
        if ((isBranch && !MakesBranches) || !FormExists(row, codeBits, operandBits, ref memory))
        {
            return null;
        }

        bool address32 = codeBits == 64 && _random.Next(10) == 0;
        int rex = codeBits == 64 && _random.Next(3) != 0 ? _random.Next(8) : 0;
        bool forceRex = codeBits == 64 && _random.Next(4) == 0;
        rex |= operandBits == 64 || encoding.RexW ? 8 : 0;
        rex &= encoding.NoRexB ? ~1 : ~0;
        var code = new CodeBytes();
        if (address32)
        {
            code.Add(0x67);
        }

        if (!isVex)
        {
            AddPrefixes(code, row, operandBits, memory);
            if (rex != 0 || forceRex)
            {
                code.Add((byte)(0x40 | rex));
            }
        }

        byte opcode = encoding.OpcodeHasRegister ? (byte)(encoding.Opcode | _random.Next(8)) : encoding.Opcode;
        if (isVex)
        {
            AddVex(code, row, rex, codeBits);
            code.Add(opcode);
        }
        else
        {
            switch (encoding.Map)
            {
                case 1: code.Add(0x0f); break;
                case 2: code.Add(0x0f, 0x38); break;
                case 3: code.Add(0x0f, 0x3a); break;
                default: break;
            }

            code.Add(opcode);
        }

        uint target = 0;
        (int, ulong) baseRegister = (-1, 0);
        (int, ulong) indexRegister = (-1, 0);
        int ripDisplacementAt = -1;
        if (encoding.ModRmByte >= 0)
        {
            code.Add((byte)(encoding.ModRmHasRegister ? (byte)encoding.ModRmByte | _random.Next(8) : (byte)encoding.ModRmByte));
        }
        else if (encoding.HasModRm)
        {
            int reg = encoding.RegDigit >= 0 ? encoding.RegDigit : RandomReg(row);
            if (memory)
            {
                target = RandomTarget(row);
                AddMemory(code, reg, rex, codeBits, target, out baseRegister, out indexRegister, out ripDisplacementAt);
            }
            else
            {
                code.Add((byte)(0xc0 | (reg << 3) | _random.Next(8)));
            }
        }

        if (hasMemoryOffset)
        {
            target = RandomTarget(row);
            code.AddInteger(target, codeBits == 64 && !address32 ? 8 : 4);
        }

        AddImmediates(code, row, operandBits);
        byte[] bytes = code.ToArray();
        if (ripDisplacementAt >= 0)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(ripDisplacementAt), (int)(target - (instructionAddress + (uint)bytes.Length)));
        }

        if (Decoder.Decode(bytes, codeBits, out DecodedInstruction decoded) != DecodeStatus.Ok || decoded.Row != row || decoded.Length != bytes.Length)
        {
            return null;
        }

        return new GeneratedInstruction
        {
            Row = row,
            CodeBits = codeBits,
            Bytes = bytes,
            Decoded = decoded,
            Target = target,
            Base = baseRegister,
            Index = indexRegister,
        };
    }

    // VEX.W is REX.W; the other bits are stored inverted, and two of them must be ones outside 64-bit code.
    private void AddVex(CodeBytes code, InstructionRow row, int rex, int codeBits)
    {
        Encoding encoding = row.Encoding;
        int vvvv = UsesVvvv(row) ? _random.Next(codeBits == 64 ? 16 : 8) : 0;
        int pp = encoding.Prefix switch { 0x66 => 1, 0xf3 => 2, 0xf2 => 3, _ => 0 };
        int length = encoding.VexLength >= 0 ? encoding.VexLength : _random.Next(2);
        bool isGeneral = Array.Exists(row.Operands, o => o.Size == 'y');
        int w = encoding.RexW ? 8 : encoding.VexW0 ? 0 : isGeneral ? rex & 8 : _random.Next(2) * 8;
        int last = (15 - vvvv) << 3 | length << 2 | pp;
        if (encoding.Map == 5 && w == 0 && (rex & 3) == 0 && _random.Next(2) == 0)
        {
            code.Add(0xc5, (byte)((rex & 4) == 0 ? 0x80 | last : last));
        }
        else
        {
            code.Add(0xc4, (byte)((7 - (rex & 7)) << 5 | (encoding.Map - 4)), (byte)(w << 4 | last));
        }
    }

    private static bool FormExists(InstructionRow row, int codeBits, int operandBits, ref bool memory)
    {
        Encoding encoding = row.Encoding;
        if ((row.Flags & (codeBits == 64 ? RowFlags.Not64 : RowFlags.Only64)) != 0
            || (operandBits == 64 && codeBits != 64)
            || (encoding.RexW && !encoding.IsVex && codeBits != 64)
            || (encoding.OperandBits != 0 && encoding.OperandBits != operandBits)
            || (encoding.AddressBits != 0 && encoding.AddressBits != codeBits))
        {
            return false;
        }

        bool canBeRegister = encoding.HasModRm && !HasOperand(row, OperandKind.Memory);
        bool canBeMemory = encoding.HasModRm && encoding.ModRmByte < 0
            && !HasOperand(row, OperandKind.GeneralRmRegister) && !HasOperand(row, OperandKind.VectorRmRegister) && !HasOperand(row, OperandKind.MmxRmRegister);
        if (!canBeRegister && !canBeMemory)
        {
            // Rows without ModRM have one form only.
            return !memory;
        }

        return memory ? canBeMemory : canBeRegister;
    }

    private static bool HasOperand(InstructionRow row, OperandKind kind) => Array.Exists(row.Operands, o => o.Kind == kind);

    private static bool UsesVvvv(InstructionRow row) => HasOperand(row, OperandKind.GeneralVex) || HasOperand(row, OperandKind.VectorVex);

    private void AddPrefixes(CodeBytes code, InstructionRow row, int operandBits, bool memory)
    {
        Encoding encoding = row.Encoding;
        if ((row.Flags & RowFlags.Lockable) != 0 && memory && _random.Next(4) == 0)
        {
            code.Add(0xf0);
        }

        bool isString = row.Family == "string";
        if (isString && _random.Next(2) == 0)
        {
            code.Add(_random.Next(2) == 0 ? (byte)0xf2 : (byte)0xf3);
        }

        if ((operandBits == 16 && encoding.Prefix != Encoding.NoPrefix && encoding.Prefix != 0x66) || encoding.Prefix == 0x66)
        {
            code.Add(0x66);
        }

        if (encoding.Prefix is 0xf2 or 0xf3)
        {
            code.Add((byte)encoding.Prefix);
        }
    }

    private int RandomReg(InstructionRow row) => HasOperand(row, OperandKind.SegmentReg) ? _random.Next(6) : _random.Next(8);

    private uint RandomTarget(InstructionRow row)
    {
        uint offset = (uint)_random.Next(_scratchByteCount / 4, _scratchByteCount * 3 / 4);
        bool mustAlign = Array.Exists(row.Operands, o => o.Size is 'x' or '\0')
            && (!row.Encoding.IsVex || row.Mnemonic.StartsWith("vmovap", StringComparison.Ordinal) || row.Mnemonic.StartsWith("vmovnt", StringComparison.Ordinal) || row.Mnemonic == "vmovdqa");
        return _scratchAddress + (mustAlign || _random.Next(2) == 0 ? offset & ~63u : offset);
    }

    // Any base, index, scale and displacement that lead to the target.
    private void AddMemory(CodeBytes code, int reg, int rex, int codeBits, uint target, out (int, ulong) baseRegister, out (int, ulong) indexRegister, out int ripDisplacementAt)
    {
        baseRegister = (-1, 0);
        indexRegister = (-1, 0);
        ripDisplacementAt = -1;
        int rm = _random.Next(8);
        if (rm == 5 && _random.Next(2) == 0)
        {
            code.Add((byte)((reg << 3) | 5));
            ripDisplacementAt = codeBits == 64 ? code.Length : -1;
            code.Add32(target);
            return;
        }

        // RSP as base stays near the scratch area: the instruction may use the stack too.
        bool isStackPointer = rm == 4 && _random.Next(8) == 0;
        int mod = isStackPointer ? 1 : rm == 5 ? _random.Next(1, 3) : _random.Next(3);
        int displacement = mod == 0 ? 0 : mod == 1 ? _random.Next(-128, 128) : _random.Next(int.MinValue, int.MaxValue);
        int number = rm | ((rex & 1) << 3);
        ulong rest = target - (ulong)(long)displacement;
        code.Add((byte)((mod << 6) | (reg << 3) | rm));
        if (rm == 4)
        {
            int sibBase = isStackPointer ? 4 : _random.Next(7) is var other && other >= 4 ? other + 1 : other;
            int index = sibBase == 4 ? 4 : _random.Next(8);
            int scale = _random.Next(4);
            if (sibBase == 5 && mod == 0)
            {
                sibBase = 6;
            }

            number = sibBase | ((rex & 1) << 3);
            int indexNumber = index | ((rex & 2) << 2);
            if (indexNumber == number && indexNumber != 4)
            {
                // One register cannot be both: another base.
                sibBase = sibBase == 3 ? 2 : 3;
                number = sibBase | ((rex & 1) << 3);
            }

            code.Add((byte)((scale << 6) | (index << 3) | sibBase));
            if (indexNumber != 4)
            {
                ulong value = (ulong)_random.Next(-1000, 1000);
                indexRegister = (indexNumber, value);
                rest -= value << scale;
            }
        }

        baseRegister = (number, codeBits == 64 ? rest : (uint)rest);
        code.AddInteger((ulong)(long)displacement, mod == 0 ? 0 : mod == 1 ? 1 : 4);
    }

    private void AddImmediates(CodeBytes code, InstructionRow row, int operandBits)
    {
        foreach (OperandSpec operand in row.Operands)
        {
            if (operand.Kind == OperandKind.VectorImmediate)
            {
                code.Add((byte)_random.Next(256));
            }
            else if (operand.Kind == OperandKind.FarPointer)
            {
                // Offset and selector.
                code.AddInteger((uint)_random.Next(0x1000), operandBits == 16 ? 2 : 4);
                code.AddInteger((uint)_random.Next(0x1_0000), 2);
            }
            else if (operand.Kind == OperandKind.Relative)
            {
                // Near branches ignore the operand size in 64-bit code; the decoder refuses what does not fit.
                code.AddInteger((ulong)(long)_random.Next(-100, 100), operand.Size == 'b' ? 1 : operandBits == 16 ? 2 : 4);
            }
            else if (operand.Kind == OperandKind.Immediate)
            {
                int byteCount = operand.Size switch
                {
                    'b' or 's' => 1,
                    'w' => 2,
                    'd' => 4,
                    'v' => operandBits / 8,
                    _ => Math.Min(operandBits, 32) / 8,
                };
                ulong value = _random.Next(3) == 0 ? (ulong)_random.Next(-2, 34) : (ulong)_random.NextInt64();
                // A stack frame or area must fit the scratch memory.
                code.AddInteger(operand.Size == 'w' ? value & 0xff : value, byteCount);
            }
        }
    }
}
