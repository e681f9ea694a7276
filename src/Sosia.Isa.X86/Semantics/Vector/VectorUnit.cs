using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>What MMX and SSE instructions check before they begin, and what they leave in the x87 state and MXCSR (SDM vol. 3, 13.1; vol. 1, 9.5 and 11.5).</summary>
internal static unsafe class VectorUnit
{
    private const uint Refusals = (uint)(ControlBits.Cr0Em | ControlBits.Cr0Ts);
    private const uint AvxCr0 = (uint)ControlBits.Cr0Pe;
    private const uint AvxCr0Mask = (uint)(ControlBits.Cr0Pe | ControlBits.Cr0Ts);

    // XCR0's bits for SSE and AVX state.
    private const uint AvxComponents = 6;
    private const uint PendingX87Exception = 0x80;
    private const uint Top = 0x3800;

    /// <summary>True when an instruction on XMM registers must not run now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsXmmBlocked(X86State* state)
        => (((uint)state->Cr0 & Refusals) | (~(uint)state->Cr4 & (uint)ControlBits.Cr4Osfxsr)) != 0;

    /// <summary>True when an instruction with a VEX prefix on vector registers may not run now; <see cref="PassesAvx"/> decides.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAvxSuspect(X86State* state)
        => ((((uint)state->Cr0 ^ AvxCr0) & AvxCr0Mask) | (~(uint)state->Cr4 & (uint)ControlBits.Cr4Osxsave) | (~(uint)state->Xcr0 & AvxComponents)) != 0 || state->CodeBits == 16;

    /// <summary>Records #UD or #NM where one is due for an instruction with a VEX prefix on vector registers (SDM vol. 2, table 2-17 and those after it).</summary>
    /// <returns>False when it recorded a fault.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool PassesAvx(X86State* state)
    {
        if ((state->Cr0 & ControlBits.Cr0Pe) == 0 || (state->SystemFlags & ControlBits.Vm) != 0
            || (state->Cr4 & ControlBits.Cr4Osxsave) == 0 || (state->Xcr0 & AvxComponents) != AvxComponents)
        {
            Fault(state, ExceptionVector.InvalidOpcode);
            return false;
        }

        if ((state->Cr0 & ControlBits.Cr0Ts) != 0)
        {
            Fault(state, ExceptionVector.DeviceNotAvailable);
            return false;
        }

        return true;
    }

    /// <summary>Records #UD or #NM where one is due for an instruction on XMM registers, with a VEX prefix or without.</summary>
    /// <returns>False when it recorded a fault.</returns>
    public static bool Passes(X86State* state, Op* op)
    {
        if (IsVex(op))
        {
            return PassesAvx(state);
        }

        if (!IsXmmBlocked(state))
        {
            return true;
        }

        RefuseXmm(state);
        return false;
    }

    /// <summary>Whether an operation has a VEX prefix; for helpers, which serve both forms.</summary>
    public static bool IsVex(Op* op) => InstructionTable.Rows[op->Row].Encoding.IsVex;

    /// <summary>True when an instruction on MMX registers may not run now; <see cref="PassesMmx"/> decides.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsMmxSuspect(X86State* state) => (((uint)state->Cr0 & Refusals) | (state->Fsw & PendingX87Exception)) != 0;

    /// <summary>Records #UD or #NM for an instruction on XMM registers.</summary>
    /// <returns>Null, for handlers to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Op* RefuseXmm(X86State* state)
    {
        bool undefined = (state->Cr0 & ControlBits.Cr0Em) != 0 || (state->Cr4 & ControlBits.Cr4Osfxsr) == 0;
        Fault(state, undefined ? ExceptionVector.InvalidOpcode : ExceptionVector.DeviceNotAvailable);
        return null;
    }

    /// <summary>Records #UD, #NM or #MF where one is due for an instruction on MMX registers.</summary>
    /// <returns>False when it recorded a fault.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool PassesMmx(X86State* state)
    {
        if ((state->Cr0 & ControlBits.Cr0Em) != 0)
        {
            Fault(state, ExceptionVector.InvalidOpcode);
            return false;
        }

        if ((state->Cr0 & ControlBits.Cr0Ts) != 0)
        {
            Fault(state, ExceptionVector.DeviceNotAvailable);
            return false;
        }

        return X87.X87Unit.CheckPending(X86Cpu.FromState(state));
    }

    /// <summary>Every MMX instruction but EMMS makes all tags valid and TOP zero (SDM vol. 1, 9.5.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EnterMmx(X86State* state)
    {
        state->Ftw = 0xff;
        state->Fsw &= unchecked((ushort)~Top);
    }

    /// <summary>
    /// Enters an instruction's exceptions into MXCSR. When one is unmasked, records #XM, or #UD without CR4.OSXMMEXCPT; then only the flags of
    /// pre-computation exceptions are set if one of these is unmasked, since nothing was computed (SDM vol. 1, 11.5.2 and 11.5.3).
    /// </summary>
    /// <returns>False when it recorded a fault.</returns>
    public static bool TryCommitExceptions(X86State* state, in FpEnvironment env)
    {
        if (!env.HasUnmasked)
        {
            state->Mxcsr |= (uint)env.Flags;
            return true;
        }

        state->Mxcsr |= (uint)(env.HasUnmaskedPreComputation ? env.Flags & FpExceptions.PreComputation : env.Flags);
        Fault(state, (state->Cr4 & ControlBits.Cr4Osxmmexcpt) != 0 ? ExceptionVector.SimdFloatingPoint : ExceptionVector.InvalidOpcode);
        return false;
    }

    /// <summary>Records a fault without an error code.</summary>
    public static void Fault(X86State* state, byte vector)
    {
        state->Exit = BlockExit.Fault;
        state->FaultVector = vector;
        state->FaultHasErrorCode = 0;
        state->FaultErrorCode = 0;
    }

    /// <summary>Records #GP(0).</summary>
    public static void FaultGeneralProtection(X86State* state)
    {
        Fault(state, ExceptionVector.GeneralProtection);
        state->FaultHasErrorCode = 1;
    }
}
