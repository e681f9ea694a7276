using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VZEROUPPER and VZEROALL: sixteen registers in 64-bit code, eight elsewhere.</summary>
internal static unsafe class AvxState
{
    /// <summary>VZEROUPPER.</summary>
    public static void Vzeroupper(X86Cpu cpu, Op* op) => Clear(cpu.State, all: false);

    /// <summary>VZEROALL.</summary>
    public static void Vzeroall(X86Cpu cpu, Op* op) => Clear(cpu.State, all: true);

    private static void Clear(X86State* state, bool all)
    {
        if (!VectorUnit.PassesAvx(state))
        {
            return;
        }

        // SAFETY: sixteen slots of two halves.
        var halves = (Vector128<byte>*)state->Vector;
        int count = state->CodeBits == 64 ? 16 : 8;
        for (int i = 0; i < count; i++)
        {
            halves[2 * i] = all ? Vector128<byte>.Zero : halves[2 * i];
            halves[(2 * i) + 1] = Vector128<byte>.Zero;
        }
    }
}
