using System;
using System.Globalization;
using System.Text;
using Iced.Intel;
using Sosia.Jit.X64.Lowering;

namespace Sosia.Control.Inspection;

/// <summary>Host code as text, one instruction a line; places in the processor's state, to which RBP points, by their names.</summary>
public static class HostCodeText
{
    // What is larger than any constant of interest is where something lies in the host's memory.
    private const ulong LowestHostAddress = 1UL << 40;

    /// <summary>Disassembles x86-64 code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="address">Where it is executed.</param>
    /// <param name="isRelative">
    /// True to write positions relative to the start instead of addresses, so that equal code gives equal text wherever it lies; what leads
    /// outside is then "outside", and a host address "address".
    /// </param>
    public static string Of(ReadOnlySpan<byte> code, long address, bool isRelative = false)
    {
        var reader = new ByteArrayCodeReader(code.ToArray());
        var decoder = Iced.Intel.Decoder.Create(64, reader, isRelative ? 0 : (ulong)address);
        var formatter = new IntelFormatter(new StateSymbols(isRelative ? (ulong)code.Length : ulong.MaxValue));
        formatter.Options.FirstOperandCharIndex = 8;
        formatter.Options.SpaceAfterOperandSeparator = false;
        formatter.Options.HexPrefix = "0x";
        formatter.Options.HexSuffix = null;
        formatter.Options.UppercaseHex = false;
        formatter.Options.BranchLeadingZeros = false;
        formatter.Options.SmallHexNumbersInDecimal = false;
        formatter.Options.ShowBranchSize = false;
        var output = new StringOutput();
        var text = new StringBuilder();
        while (reader.CanReadByte)
        {
            Instruction instruction = decoder.Decode();
            formatter.Format(instruction, output);
            text.Append(instruction.IP.ToString(isRelative ? "x4" : "x12", CultureInfo.InvariantCulture)).Append("  ").Append(output.ToStringAndReset()).Append('\n');
        }

        return text.ToString();
    }

    private sealed class StateSymbols(ulong end) : ISymbolResolver
    {
        public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
        {
            string? name = null;
            if (instructionOperand >= 0 && instruction.GetOpKind(instructionOperand) == OpKind.Memory)
            {
                name = instruction.MemoryBase == Register.RBP && instruction.MemoryIndex == Register.None
                    ? StateNames.At((long)address + GuestLayout.StateBias)
                    : null;
            }
            else if (instruction.IsJmpShortOrNear || instruction.IsJccShortOrNear || instruction.IsCallNear)
            {
                name = address >= end && end != ulong.MaxValue ? "outside" : null;
            }
            else if (end != ulong.MaxValue && address is >= LowestHostAddress and < 1UL << 47)
            {
                name = "address";
            }

            symbol = name is null ? default : new SymbolResult(address, name);
            return name is not null;
        }
    }
}
