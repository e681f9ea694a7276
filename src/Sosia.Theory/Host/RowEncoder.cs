using System;
using System.Collections.Generic;
using Sosia.Isa.X86.Decode;

namespace Sosia.Theory.Host;

/// <summary>
/// Writes the plainest instruction of a table row: no prefix that the row does not demand, its registers where <see cref="SnippetMaker"/> has put something sensible,
/// memory by a register, immediates as the caller says.
/// </summary>
internal static class RowEncoder
{
    // BX is the register operand, [RBP] or [EBP] the memory operand, DX or EDX the other register.
    private const int RegisterOperand = 3;
    private const int OtherRegister = 2;
    private const int MemoryDisplacement8 = 0x45;

    /// <summary>Writes an instruction.</summary>
    /// <param name="row">The row.</param>
    /// <param name="codeBits">64 or 32.</param>
    /// <param name="immediate">The immediate, or a far pointer's offset.</param>
    /// <returns>Null when the row has no form in such code, or another row takes precedence for it.</returns>
    public static byte[]? Encode(InstructionRow row, int codeBits, uint immediate)
    {
        Encoding encoding = row.Encoding;
        if ((row.Flags & (codeBits == 64 ? RowFlags.Not64 : RowFlags.Only64)) != 0 || encoding.IsVex || (encoding.RexW && codeBits != 64))
        {
            return null;
        }

        var code = new List<byte>();
        if (encoding.Prefix > 0)
        {
            code.Add((byte)encoding.Prefix);
        }

        if (encoding.RexW)
        {
            code.Add(0x48);
        }

        if (encoding.Map > 0)
        {
            code.Add(0x0f);
        }

        if (encoding.Map > 1)
        {
            code.Add(encoding.Map == 2 ? (byte)0x38 : (byte)0x3a);
        }

        code.Add((byte)(encoding.Opcode | (encoding.OpcodeHasRegister ? RegisterOperand : 0)));
        if (encoding.ModRmByte >= 0)
        {
            code.Add((byte)encoding.ModRmByte);
        }
        else if (encoding.HasModRm)
        {
            int reg = encoding.RegDigit >= 0 ? encoding.RegDigit : RegOperand(row);
            if (Has(row, OperandKind.Memory))
            {
                code.Add((byte)(MemoryDisplacement8 | (reg << 3)));
                code.Add(0);
            }
            else
            {
                code.Add((byte)(0xc0 | (reg << 3) | RegisterOperand));
            }
        }

        AddImmediates(code, row, codeBits, immediate);
        byte[] bytes = [.. code];
        return Decoder.Decode(bytes, codeBits, out DecodedInstruction decoded) == DecodeStatus.Ok && decoded.Row == row && decoded.Length == bytes.Length ? bytes : null;
    }

    private static bool Has(InstructionRow row, OperandKind kind) => Array.Exists(row.Operands, o => o.Kind == kind);

    // CS is the selector that shows most, DS the one that may be loaded, CR0 and DR7 those that exist everywhere.
    private static int RegOperand(InstructionRow row)
        => Has(row, OperandKind.SegmentReg) ? (row.Operands[0].Kind == OperandKind.SegmentReg ? 3 : 1)
            : Has(row, OperandKind.ControlReg) ? 0
            : Has(row, OperandKind.DebugReg) ? 7
            : OtherRegister;

    private static void AddImmediates(List<byte> code, InstructionRow row, int codeBits, uint immediate)
    {
        foreach (OperandSpec operand in row.Operands)
        {
            int byteCount = operand.Kind switch
            {
                OperandKind.Immediate => operand.Size == 'b' ? 1 : operand.Size == 'w' ? 2 : 4,
                OperandKind.FarPointer => 4,
                _ => 0,
            };
            for (int i = 0; i < byteCount; i++)
            {
                code.Add((byte)(immediate >> (8 * i)));
            }

            if (operand.Kind == OperandKind.FarPointer)
            {
                ushort selector = codeBits == 64 ? SnippetMaker.UserCode64 : SnippetMaker.UserCode32;
                code.Add((byte)selector);
                code.Add((byte)(selector >> 8));
            }
        }
    }
}
