using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>Handler selection for shifts: an immediate count of 0 is settled when the instruction is decoded.</summary>
internal static unsafe class ShiftForms
{
    /// <summary>ROL, ROR, RCL, RCR, SHL, SHR, SAR.</summary>
    public static delegate*<X86State*, Op*, Op*> Select<TShift>(in DecodedInstruction instruction)
        where TShift : struct, IShift
        => instruction.Source == OperandPlace.Immediate && IsZero(instruction)
            ? Handlers.SelectBinary<Touch>(instruction)
            : Handlers.SelectBinary<Shift<TShift>>(instruction);

    /// <summary>SHLD and SHRD by an immediate.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectDouble<TShift>(in DecodedInstruction instruction)
        where TShift : struct, IInstruction
        => IsZero(instruction) ? Handlers.SelectBinary<Touch>(instruction) : Handlers.SelectBinary<TShift>(instruction);

    /// <summary>Records a shift or rotation.</summary>
    public static void Emit<TShift>(ref Emitting s)
        where TShift : struct, IShift
    {
        if (s.SourceIsImmediate && IsZero(s.Instruction))
        {
            Emitting.Execute<Touch>(ref s);
        }
        else
        {
            Emitting.Execute<Shift<TShift>>(ref s);
        }
    }

    private static bool IsZero(in DecodedInstruction instruction)
        => (instruction.Immediate & (instruction.OperandBits == 64 ? 63u : 31u)) == 0;
}
