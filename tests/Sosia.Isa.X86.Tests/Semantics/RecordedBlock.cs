using System;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;
using Sosia.Jit;

namespace Sosia.Isa.X86.Tests.Semantics;

/// <summary>Executes a recorded block that touches registers and flags only, as its intermediate code says.</summary>
internal static unsafe class RecordedBlock
{
    /// <summary>Executes it.</summary>
    /// <returns>False when it left at an exit, where the interpreter would raise a fault.</returns>
    public static bool Run(IrBlock ir, X86State* state)
    {
        var values = new ulong[ir.Count];
        for (int i = 0; i < ir.Count; i++)
        {
            ref IrInstruction n = ref ir[i];
            ulong a = n.A < 0 ? 0 : values[n.A];
            ulong b = n.B < 0 ? 0 : values[n.B];
            ulong c = n.C < 0 ? 0 : values[n.C];
            switch (n.Op)
            {
                case IrOp.ReadSlot:
                    values[i] = *Slot(state, (int)n.Immediate);
                    break;
                case IrOp.WriteSlot:
                    *Slot(state, (int)n.Immediate) = a;
                    break;
                case IrOp.ReadState:
                    values[i] = *(ulong*)((byte*)state + n.Immediate);
                    break;
                case IrOp.WriteState:
                    *(ulong*)((byte*)state + n.Immediate) = a;
                    break;
                case IrOp.EntryCondition:
                    values[i] = Holds(n.Auxiliary, LazyFlags.ToEflags(state->FlagResult, state->FlagCarries)) ? 1UL : 0;
                    break;
                case IrOp.ExitIf when a != 0:
                    return false;
                case IrOp.ExitIf or IrOp.Jump:
                    break;
                case IrOp.Divide:
                    values[i] = (ulong)(new UInt128(a, b) / c);
                    break;
                case IrOp.Remainder:
                    ref IrInstruction division = ref ir[n.A];
                    values[i] = (ulong)(new UInt128(values[division.A], values[division.B]) % values[division.C]);
                    break;
                default:
                    values[i] = IrEvaluator.Pure(n, a, b, c);
                    break;
            }
        }

        if (ir.EndFlagResult >= 0)
        {
            state->FlagResult = values[ir.EndFlagResult];
        }

        if (ir.EndFlagCarries >= 0)
        {
            state->FlagCarries = values[ir.EndFlagCarries];
        }

        return true;
    }

    // Conditions by their numbers (SDM vol. 1, appendix B).
    private static bool Holds(int condition, uint eflags)
    {
        bool cf = (eflags & LazyFlags.Cf) != 0;
        bool zf = (eflags & LazyFlags.Zf) != 0;
        bool isLess = (eflags & LazyFlags.Sf) != 0 != ((eflags & LazyFlags.Of) != 0);
        bool holds = (condition >> 1) switch
        {
            0 => (eflags & LazyFlags.Of) != 0,
            1 => cf,
            2 => zf,
            3 => cf || zf,
            4 => (eflags & LazyFlags.Sf) != 0,
            5 => (eflags & LazyFlags.Pf) != 0,
            6 => isLess,
            _ => isLess || zf,
        };
        return holds != ((condition & 1) != 0);
    }

    private static ulong* Slot(X86State* state, int slot) => slot switch
    {
        BlockTranslator.FlagResultSlot => &state->FlagResult,
        BlockTranslator.FlagCarriesSlot => &state->FlagCarries,
        _ => &state->Gpr[slot],
    };
}
