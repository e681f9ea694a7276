using System;
using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Tests.Vectors;

/// <summary>What an 80286 does otherwise than every later processor, with the reason.</summary>
internal static class Known286
{
    // Longer ones raise #GP on a 286; the limit is 15 since the 80386.
    private const int MaxLength286 = 10;

    /// <summary>The vector that a 286 would use for a fault: in real mode every segment overrun is 13, later also 12 for SS.</summary>
    public static byte FaultVector(byte vector, MooTest test)
        => vector == ExceptionVector.StackFault && test.Exception == ExceptionVector.GeneralProtection ? ExceptionVector.GeneralProtection : vector;

    /// <summary>True for a faulting string instruction: a 286 leaves CX, SI and DI advanced, later processors as they were.</summary>
    public static bool CommitsIndexes(InstructionRow? row, MooTest test) => test.Exception >= 0 && row?.Family is "string" or "io";

    /// <summary>Why a whole file says nothing about later processors; null when it does.</summary>
    public static string? ReasonToSkip(string file) => file switch
    {
        "E4" or "E5" or "EC" or "ED" or "6C" or "6D" => "reads ports: the values are those of the recording's own bus",
        "F4" => "HLT itself, after which there is nothing to compare",
        "9B" => "WAIT depends on the coprocessor's presence",
        _ when file.StartsWith("D8", StringComparison.Ordinal) || (file[0] == 'D' && file[1] is >= '9' and <= 'F' && file.Length == 2) => "coprocessor escapes without a coprocessor",
        _ => null,
    };

    /// <summary>True for a single test that later processors treat otherwise.</summary>
    public static bool IsDifferent(MooTest test)
    {
        if (test.Bytes.Length - 1 > MaxLength286)
        {
            return true;
        }

        for (int i = 0; i < test.Bytes.Length; i++)
        {
            byte value = test.Bytes[i];
            if (value == 0xf0)
            {
                // A 286 in real mode accepts LOCK before anything; later processors raise #UD.
                return true;
            }

            if (value is 0x8c or 0x8e && ((test.Bytes[i + 1] >> 3) & 7) is 4 or 5)
            {
                // FS and GS came with the 80386.
                return true;
            }

            if (value is not (0x26 or 0x2e or 0x36 or 0x3e or 0xf2 or 0xf3))
            {
                return false;
            }
        }

        return false;
    }
}
