using System;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>Assembles the x87 instructions of Valgrind's cases, which are written in AT&amp;T syntax; memory operands are at [rAX].</summary>
internal static class ValgrindX87Encoder
{
    // In AT&T syntax FSUB and FDIV keep their digit whatever the destination is, unlike in Intel's.
    private static readonly string[] Arithmetic = ["fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"];

    /// <summary>Assembles.</summary>
    /// <param name="mnemonic">With its size suffix.</param>
    /// <param name="source">The number of the source ST(i), −1 when it is memory or implied.</param>
    /// <param name="destination">The number of the destination ST(i), −1 when it is implied.</param>
    public static byte[] Encode(string mnemonic, int source, int destination)
    {
        int register = Math.Max(source, destination);
        switch (mnemonic)
        {
            case "fabs": return [0xd9, 0xe1];
            case "fchs": return [0xd9, 0xe0];
            case "frndint": return [0xd9, 0xfc];
            case "fld1": return [0xd9, 0xe8];
            case "fldl2t": return [0xd9, 0xe9];
            case "fldl2e": return [0xd9, 0xea];
            case "fldpi": return [0xd9, 0xeb];
            case "fldlg2": return [0xd9, 0xec];
            case "fldln2": return [0xd9, 0xed];
            case "fldz": return [0xd9, 0xee];
            case "fld": return [0xd9, (byte)(0xc0 + source)];
            case "fxch": return [0xd9, (byte)(0xc8 + register)];
            case "fcomi": return [0xdb, (byte)(0xf0 + source)];
            case "fcomip": return [0xdf, (byte)(0xf0 + source)];
            case "fucomi": return [0xdb, (byte)(0xe8 + source)];
            case "fucomip": return [0xdf, (byte)(0xe8 + source)];
            case "flds": return Memory(0xd9, 0);
            case "fldl": return Memory(0xdd, 0);
            case "filds": return Memory(0xdf, 0);
            case "fildl": return Memory(0xdb, 0);
            case "fildq": return Memory(0xdf, 5);
            case "fists": return Memory(0xdf, 2);
            case "fistl": return Memory(0xdb, 2);
            case "fistps": return Memory(0xdf, 3);
            case "fistpl": return Memory(0xdb, 3);
            case "fistpq": return Memory(0xdf, 7);
            default: break;
        }

        if (Array.IndexOf(Arithmetic, mnemonic) is var digit and >= 0)
        {
            return [(byte)(destination == 0 ? 0xd8 : 0xdc), (byte)(0xc0 + (8 * digit) + register)];
        }

        if (mnemonic[^1] == 'p' && Array.IndexOf(Arithmetic, mnemonic[..^1]) is var popping and >= 0)
        {
            // Without operands ST(1) is the destination.
            return [0xde, (byte)(0xc0 + (8 * popping) + (destination < 0 ? 1 : destination))];
        }

        bool isInteger = mnemonic.StartsWith("fi", StringComparison.Ordinal);
        string name = isInteger ? "f" + mnemonic[2..^1] : mnemonic[..^1];
        int memoryDigit = Array.IndexOf(Arithmetic, name);
        return (mnemonic[^1], isInteger) switch
        {
            _ when memoryDigit < 0 => throw new FormatException($"The test cannot assemble '{mnemonic}'."),
            ('s', false) => Memory(0xd8, memoryDigit),
            ('l', false) => Memory(0xdc, memoryDigit),
            ('s', true) => Memory(0xde, memoryDigit),
            ('l', true) => Memory(0xda, memoryDigit),
            _ => throw new FormatException($"The test cannot assemble '{mnemonic}'."),
        };
    }

    private static byte[] Memory(byte opcode, int digit) => [opcode, (byte)(digit << 3)];
}
