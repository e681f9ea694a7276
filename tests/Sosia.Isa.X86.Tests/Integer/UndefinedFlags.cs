using System;
using Sosia.Isa.X86.Decode;
using static Sosia.Isa.X86.State.LazyFlags;

namespace Sosia.Isa.X86.Tests.Integer;

/// <summary>Flags that the manual (SDM vol. 2, "Flags Affected") leaves undefined, by mnemonic.</summary>
internal static class UndefinedFlags
{
    /// <summary>The undefined EFLAGS bits after an instruction.</summary>
    /// <param name="instruction">The instruction; 0 for an undefined one.</param>
    /// <param name="rcx">RCX before it, for shift counts in CL.</param>
    public static uint After(in DecodedInstruction instruction, ulong rcx)
    {
        if (instruction.Row is not { } row)
        {
            return 0;
        }

        bool byCl = Array.Exists(row.Operands, o => o.Kind == OperandKind.FixedGeneral && o.Number == 1);
        ulong count = byCl ? rcx : instruction.Immediate;
        return After(row, instruction.OperandBits, (int)count & (instruction.OperandBits == 64 ? 63 : 31));
    }

    private static uint After(InstructionRow row, int operandBits, int count) => row.Mnemonic switch
    {
        // AF undefined after logic.
        "and" or "or" or "xor" or "test" => Af,
        // AF undefined; OF only defined for a count of 1; CF undefined for counts from the operand width on (SHL, SHR).
        "shl" or "shr" => Shift(count, Af | (count != 1 ? Of : 0) | (count >= operandBits ? Cf : 0)),
        "sar" => Shift(count, Af | (count != 1 ? Of : 0)),
        "rol" or "ror" or "rcl" or "rcr" => Shift(count, count != 1 ? Of : 0),
        // A count above the operand width leaves every flag and the destination undefined.
        "shld" or "shrd" => Shift(count, count > operandBits ? All : Af | (count != 1 ? Of : 0)),
        "mul" or "imul" => Sf | Zf | Af | Pf,
        "div" or "idiv" => All,
        "bt" or "bts" or "btr" or "btc" => Of | Sf | Af | Pf,
        "bsf" or "bsr" => Cf | Of | Sf | Af | Pf,
        "lzcnt" or "tzcnt" => Of | Sf | Pf | Af,
        "andn" or "blsi" or "blsmsk" or "blsr" or "bzhi" => Af | Pf,
        "bextr" => Af | Sf | Pf,
        "aaa" or "aas" => Of | Sf | Zf | Pf,
        "aam" or "aad" => Of | Af | Cf,
        "daa" or "das" => Of,
        _ => 0,
    };

    private static uint Shift(int count, uint undefined) => count == 0 ? 0 : undefined;
}
