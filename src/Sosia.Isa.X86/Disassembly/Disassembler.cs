using System;
using System.Globalization;

using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Disassembly;

/// <summary>Instruction text in Intel syntax, derived from the instruction table; for traces, the monitor and error reports.</summary>
public static class Disassembler
{
    private static readonly string[] Names64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    private static readonly string[] Names8 = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
    private static readonly string[] Names8Legacy = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"];
    private static readonly string[] SegmentNames = ["es", "cs", "ss", "ds", "fs", "gs", "?", "?"];

    /// <summary>Disassembles the instruction at the start of a run of bytes.</summary>
    /// <param name="bytes">Guest code.</param>
    /// <param name="codeBits">16, 32 or 64.</param>
    /// <param name="rip">The instruction's address, for branch targets and RIP-relative operands.</param>
    /// <param name="byteCount">The instruction's length; at least 1 when there is any byte.</param>
    /// <returns>The text; "(bad)" for bytes that are no defined instruction.</returns>
    public static string Disassemble(ReadOnlySpan<byte> bytes, int codeBits, ulong rip, out int byteCount)
    {
        DecodeStatus status = Decoder.Decode(bytes, codeBits, out DecodedInstruction instruction);
        byteCount = Math.Min(Math.Max(instruction.Length, 1), bytes.Length);
        if (status != DecodeStatus.Ok || instruction.Row is not { } row)
        {
            return "(bad)";
        }

        var text = new System.Text.StringBuilder();
        text.Append(instruction.HasLock ? "lock " : string.Empty);
        if (row.Encoding.Prefix == Encoding.AnyPrefix && instruction.RepPrefix != 0 && row.Family == "string")
        {
            text.Append(instruction.RepPrefix == 0xf3 ? "rep " : "repne ");
        }

        text.Append(row.Mnemonic);
        bool firstImmediate = true;
        for (int i = 0; i < row.Operands.Length; i++)
        {
            text.Append(i == 0 ? ' ' : ',');
            AppendOperand(text, in instruction, in row.Operands[i], rip, ref firstImmediate);
        }

        return text.ToString();
    }

    private static void AppendOperand(System.Text.StringBuilder text, in DecodedInstruction instruction, in OperandSpec operand, ulong rip, ref bool firstImmediate)
    {
        bool rexW = (instruction.Rex & 8) != 0;
        int bits = Decoder.BitsOf(operand.Size, instruction.EffectiveBits, rexW, instruction.VexLength);
        int number = instruction.RegisterOf(operand);
        switch (operand.Kind)
        {
            case OperandKind.GeneralRm or OperandKind.VectorRm or OperandKind.MmxRm when instruction.IsMemory:
            case OperandKind.Memory or OperandKind.MemoryOffset:
                AppendMemory(text, in instruction, operand.Size, bits, rip);
                break;
            case OperandKind.GeneralRm or OperandKind.GeneralRmRegister or OperandKind.GeneralReg or OperandKind.GeneralOpcode or OperandKind.GeneralVex or OperandKind.FixedGeneral:
                text.Append(GeneralName(number, bits, instruction.Rex != 0));
                break;
            case OperandKind.VectorRm or OperandKind.VectorReg or OperandKind.VectorRmRegister or OperandKind.VectorVex or OperandKind.VectorImmediate:
                text.Append(bits == 256 ? "ymm" : "xmm").Append(number);
                break;
            case OperandKind.MmxRm or OperandKind.MmxReg or OperandKind.MmxRmRegister:
                text.Append("mm").Append(number);
                break;
            case OperandKind.SegmentReg or OperandKind.FixedSegment:
                text.Append(SegmentNames[number & 7]);
                break;
            case OperandKind.ControlReg:
                text.Append("cr").Append(number);
                break;
            case OperandKind.DebugReg:
                text.Append("dr").Append(number);
                break;
            case OperandKind.X87Opcode:
                text.Append("st(").Append(number).Append(')');
                break;
            case OperandKind.Immediate:
                AppendHex(text, firstImmediate ? instruction.Immediate & (bits >= 64 ? ulong.MaxValue : (1UL << bits) - 1) : instruction.Immediate2);
                firstImmediate = false;
                break;
            case OperandKind.Relative:
                ulong target = rip + (ulong)instruction.Length + instruction.Immediate;
                AppendHex(text, instruction.CodeBits == 64 ? target : instruction.CodeBits == 32 ? (uint)target : (ushort)target);
                break;
            case OperandKind.FarPointer:
                AppendHex(text, instruction.Immediate >> 32);
                text.Append(':');
                AppendHex(text, (uint)instruction.Immediate);
                break;
            default:
                text.Append(operand.Text.ToLowerInvariant());
                break;
        }
    }

    private static void AppendMemory(System.Text.StringBuilder text, in DecodedInstruction instruction, char size, int bits, ulong rip)
    {
        if (size != '\0')
        {
            text.Append(bits switch { 8 => "byte ", 16 => "word ", 32 => "dword ", 64 => "qword ", 80 => "tbyte ", 128 => "xmmword ", 256 => "ymmword ", _ => string.Empty });
        }

        int defaultSegment = instruction.Base is 4 or 5 ? 2 : 3;
        if (instruction.Segment != defaultSegment && (instruction.CodeBits != 64 || instruction.Segment >= 4))
        {
            text.Append(SegmentNames[instruction.Segment & 7]).Append(':');
        }

        text.Append('[');
        bool any = false;
        if (instruction.Base >= 0)
        {
            text.Append(GeneralName(instruction.Base, instruction.AddressBits, hasRex: true));
            any = true;
        }

        if (instruction.Index >= 0)
        {
            text.Append(any ? "+" : string.Empty);
            if ((instruction.Row!.Flags & RowFlags.VectorIndex) != 0)
            {
                text.Append(HasWideIndex(in instruction) ? "ymm" : "xmm").Append(instruction.Index);
            }
            else
            {
                text.Append(GeneralName(instruction.Index, instruction.AddressBits, hasRex: true));
            }

            if (instruction.Scale != 0)
            {
                text.Append('*').Append(1 << instruction.Scale);
            }

            any = true;
        }

        if (instruction.IsRipRelative)
        {
            AppendHex(text, rip + (ulong)instruction.Length + (ulong)instruction.Displacement);
        }
        else if (!any)
        {
            AppendHex(text, instruction.AddressBits == 64 ? (ulong)instruction.Displacement : instruction.AddressBits == 32 ? (uint)instruction.Displacement : (ushort)instruction.Displacement);
        }
        else if (instruction.Displacement != 0)
        {
            text.Append(instruction.Displacement < 0 ? '-' : '+');
            AppendHex(text, (ulong)Math.Abs(instruction.Displacement));
        }

        text.Append(']');
    }

    // Four doubleword indices of quadwords fill half a vector.
    private static bool HasWideIndex(in DecodedInstruction instruction) => instruction.VexLength == 1 && !instruction.Row!.Mnemonic.EndsWith("dq", StringComparison.Ordinal)
        && !instruction.Row.Mnemonic.EndsWith("dpd", StringComparison.Ordinal);

    private static string GeneralName(int number, int bits, bool hasRex)
    {
        if (number >= 8)
        {
            return Names64[number] + bits switch { 8 => "b", 16 => "w", 32 => "d", _ => string.Empty };
        }

        return bits switch
        {
            8 => hasRex ? Names8[number] : Names8Legacy[number],
            16 => Names64[number][1..],
            32 => "e" + Names64[number][1..],
            _ => Names64[number],
        };
    }

    private static void AppendHex(System.Text.StringBuilder text, ulong value)
        => text.Append("0x").Append(value.ToString("x", CultureInfo.InvariantCulture));
}
