using System.Threading;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>Handlers of the string instructions: once, or repeated under REP, REPE and REPNE (SDM vol. 2, REP).</summary>
internal static unsafe class StringForms
{
    // How many elements a repetition does between two looks at whether somebody wants the processor.
    private const long CheckInterval = 4096;

    /// <summary>MOVS.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectMovs(in DecodedInstruction instruction) => BitsOf(instruction) switch
    {
        8 => Select<Movs<Width8>>(instruction),
        16 => Select<Movs<Width16>>(instruction),
        32 => Select<Movs<Width32>>(instruction),
        _ => Select<Movs<Width64>>(instruction),
    };

    /// <summary>CMPS.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectCmps(in DecodedInstruction instruction) => BitsOf(instruction) switch
    {
        8 => Select<Cmps<Width8>>(instruction),
        16 => Select<Cmps<Width16>>(instruction),
        32 => Select<Cmps<Width32>>(instruction),
        _ => Select<Cmps<Width64>>(instruction),
    };

    /// <summary>STOS.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectStos(in DecodedInstruction instruction) => BitsOf(instruction) switch
    {
        8 => Select<Stos<Width8>>(instruction),
        16 => Select<Stos<Width16>>(instruction),
        32 => Select<Stos<Width32>>(instruction),
        _ => Select<Stos<Width64>>(instruction),
    };

    /// <summary>LODS.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectLods(in DecodedInstruction instruction) => BitsOf(instruction) switch
    {
        8 => Select<Lods<Width8>>(instruction),
        16 => Select<Lods<Width16>>(instruction),
        32 => Select<Lods<Width32>>(instruction),
        _ => Select<Lods<Width64>>(instruction),
    };

    /// <summary>SCAS.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectScas(in DecodedInstruction instruction) => BitsOf(instruction) switch
    {
        8 => Select<Scas<Width8>>(instruction),
        16 => Select<Scas<Width16>>(instruction),
        32 => Select<Scas<Width32>>(instruction),
        _ => Select<Scas<Width64>>(instruction),
    };

    /// <summary>Records MOVS.</summary>
    public static void EmitMovs(ref Emitting s)
    {
        int bits = BitsOf(s.Instruction);
        if (s.BeginString())
        {
            // Both segments are asked before memory is: a page fault of the source would come first.
            IrValue source = s.StringSource(StringAccess.Rsi, bits);
            IrValue destination = s.StringDestination(StringAccess.Rdi, bits);
            s.WriteMemory(destination, bits, s.ReadMemory(source, bits));
            s.Advance(StringAccess.Rsi, bits);
            s.Advance(StringAccess.Rdi, bits);
        }
    }

    /// <summary>Records STOS.</summary>
    public static void EmitStos(ref Emitting s)
    {
        int bits = BitsOf(s.Instruction);
        if (s.BeginString())
        {
            s.WriteMemory(s.StringDestination(StringAccess.Rdi, bits), bits, s.ZeroExtend(s.ReadWhole(0), bits));
            s.Advance(StringAccess.Rdi, bits);
        }
    }

    /// <summary>Records LODS.</summary>
    public static void EmitLods(ref Emitting s)
    {
        int bits = BitsOf(s.Instruction);
        if (s.BeginString())
        {
            s.WritePart(0, bits, s.ReadMemory(s.StringSource(StringAccess.Rsi, bits), bits));
            s.Advance(StringAccess.Rsi, bits);
        }
    }

    /// <summary>
    /// Repeats a step until the counter is 0 (or ZF says so). The registers are exact after every element, so that a fault or an
    /// interruption leaves an instruction that goes on where it stopped; it retires as one instruction, when it is through.
    /// </summary>
    internal static Op* Repeat<TStep>(X86State* state, Op* op)
        where TStep : struct, IStringStep
    {
        ulong count = state->Gpr[StringAccess.Rcx] & StringAccess.AddressMask(op);
        long untilCheck = CheckInterval;
        bool isStepping = (state->SystemFlags & ControlBits.Tf) != 0;
        while (count != 0)
        {
            ulong done = TStep.Many(state, op, isStepping ? 1 : count);
            if (done == 0)
            {
                if (!TStep.One(state, op))
                {
                    return null;
                }

                done = 1;
            }

            count -= done;
            StringAccess.Store(state, op, StringAccess.Rcx, count);
            if (count == 0 || (TStep.Compares && (state->FlagResult == 0) != ((op->Flags & OpFlags.Rep) != 0)))
            {
                break;
            }

            if (isStepping)
            {
                // The single-step trap comes after each element (SDM vol. 3, 17.3.1.4, on repeated string instructions).
                state->PendingDebugBits |= ControlBits.Dr6Bs;
                X86Cpu.FromState(state).Post(PendingEvent.DebugTrap);
                state->Exit = BlockExit.BeforeInstruction;
                return null;
            }

            untilCheck -= (long)done;
            if (state->Exit != BlockExit.None || (untilCheck <= 0 && Volatile.Read(ref state->RetireLimit) == 0))
            {
                // An access wants the block to end, or a kick came: the rest of the elements follows when the instruction is run again.
                state->Exit = BlockExit.BeforeInstruction;
                return null;
            }

            untilCheck = untilCheck <= 0 ? CheckInterval : untilCheck;
        }

        return state->Exit == BlockExit.None ? op + 1 : null;
    }

    private static Op* Once<TStep>(X86State* state, Op* op)
        where TStep : struct, IStringStep
        => TStep.One(state, op) && state->Exit == BlockExit.None ? op + 1 : null;

    private static delegate*<X86State*, Op*, Op*> Select<TStep>(in DecodedInstruction instruction)
        where TStep : struct, IStringStep
        => instruction.RepPrefix != 0 ? &Repeat<TStep> : &Once<TStep>;

    // The opcode's lowest bit tells the byte forms from the others.
    private static int BitsOf(in DecodedInstruction instruction) => (instruction.Opcode & 1) == 0 ? 8 : instruction.EffectiveBits;
}
