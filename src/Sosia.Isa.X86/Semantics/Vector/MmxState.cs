using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>EMMS.</summary>
internal static unsafe class MmxState
{
    /// <summary>EMMS: all x87 registers are empty; TOP becomes zero as with every MMX instruction.</summary>
    public static void Emms(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        if (VectorUnit.IsMmxSuspect(state) && !VectorUnit.PassesMmx(state))
        {
            return;
        }

        VectorUnit.EnterMmx(state);
        state->Ftw = 0;
    }
}
