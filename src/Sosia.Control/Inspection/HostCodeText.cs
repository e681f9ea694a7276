using System;
using System.Globalization;
using System.Text;
using Iced.Intel;

namespace Sosia.Control.Inspection;

/// <summary>Host code as text, one instruction a line.</summary>
public static class HostCodeText
{
    /// <summary>Disassembles x86-64 code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="address">Where it is executed.</param>
    /// <param name="isRelative">True to write positions relative to the start instead of addresses, so that equal code gives equal text wherever it lies; what leads outside is then "outside".</param>
    public static string Of(ReadOnlySpan<byte> code, long address, bool isRelative = false)
    {
        var reader = new ByteArrayCodeReader(code.ToArray());
        ulong start = isRelative ? 0 : (ulong)address;
        var decoder = Iced.Intel.Decoder.Create(64, reader, start);
        var formatter = new IntelFormatter();
        formatter.Options.FirstOperandCharIndex = 8;
        formatter.Options.SpaceAfterOperandSeparator = false;
        formatter.Options.HexPrefix = "0x";
        formatter.Options.HexSuffix = null;
        formatter.Options.UppercaseHex = false;
        formatter.Options.BranchLeadingZeros = false;
        formatter.Options.SmallHexNumbersInDecimal = false;
        var output = new StringOutput();
        var text = new StringBuilder();
        while (reader.CanReadByte)
        {
            Instruction instruction = decoder.Decode();
            formatter.Format(instruction, output);
            string line = output.ToStringAndReset();
            if (isRelative && (instruction.IsJmpShortOrNear || instruction.IsJccShortOrNear || instruction.IsCallNear)
                && instruction.NearBranchTarget >= (ulong)code.Length)
            {
                line = line[..Math.Min(line.Length, 8)].TrimEnd() + " outside";
            }

            text.Append(instruction.IP.ToString(isRelative ? "x4" : "x12", CultureInfo.InvariantCulture)).Append("  ").Append(line).Append('\n');
        }

        return text.ToString();
    }
}
