using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;

namespace Sosia.Isa.X86;

/// <summary>
/// How translated code does the system instructions that a kernel executes all the time. Where the privilege does not suffice the interpreter goes on and
/// raises the fault.
/// </summary>
internal static class SystemRecording
{
    /// <summary>CLI, at level 0.</summary>
    public static void EmitCli(ref Emitting s)
    {
        RequireLevel0(ref s);
        s.WriteState(StateOffset.SystemFlags, s.And(s.ReadState(StateOffset.SystemFlags), s.Constant(~ControlBits.If)));
    }

    /// <summary>CLD.</summary>
    public static void EmitCld(ref Emitting s)
        => s.WriteState(StateOffset.SystemFlags, s.And(s.ReadState(StateOffset.SystemFlags), s.Constant(~ControlBits.Df)));

    /// <summary>SWAPGS.</summary>
    public static void EmitSwapgs(ref Emitting s)
    {
        RequireLevel0(ref s);
        IrValue current = s.ReadState(StateOffset.SegmentAt(5));
        IrValue other = s.ReadState(StateOffset.KernelGsBase);
        s.WriteState(StateOffset.SegmentAt(5), other);
        s.WriteState(StateOffset.KernelGsBase, current);
    }

    /// <summary>PUSHFQ and PUSHFD, outside virtual-8086 mode.</summary>
    public static void EmitPushf(ref Emitting s)
    {
        if (s.Bits == 16)
        {
            s.Fail();
            return;
        }

        IrValue image = s.And(s.ReadState(StateOffset.SystemFlags), s.Constant(~(ControlBits.Vm | ControlBits.Rf)));
        image = s.Or(image, FlagMath.Cf<Emitting, IrValue>(ref s));
        image = s.Or(image, s.ShiftLeft(FlagMath.Pf<Emitting, IrValue>(ref s), s.Constant(2)));
        image = s.Or(image, s.ShiftLeft(FlagMath.Af<Emitting, IrValue>(ref s), s.Constant(4)));
        image = s.Or(image, s.ShiftLeft(FlagMath.Zf<Emitting, IrValue>(ref s), s.Constant(6)));
        image = s.Or(image, s.ShiftLeft(FlagMath.Sf<Emitting, IrValue>(ref s), s.Constant(7)));
        image = s.Or(image, s.ShiftLeft(FlagMath.Of<Emitting, IrValue>(ref s), s.Constant(11)));
        s.Push(image);
    }

    private static void RequireLevel0(ref Emitting s)
        => s.LeaveIf(s.ZeroExtend(s.ReadState(StateOffset.Cpl), 32));
}
