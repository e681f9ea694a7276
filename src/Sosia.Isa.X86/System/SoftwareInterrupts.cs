using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>INT n, INT3, INT1, INTO, UD (SDM vol. 2).</summary>
internal static unsafe class SoftwareInterrupts
{
    /// <summary>INT n.</summary>
    public static void Int(X86Cpu cpu, Op* op)
    {
        // Virtual-8086 mode without VME: IOPL 3 or #GP(0) (SDM vol. 3, 20.3.3).
        if (cpu.IsVirtual8086 && (cpu.State->SystemFlags & ControlBits.Iopl) != ControlBits.Iopl)
        {
            cpu.FaultProtection();
            return;
        }

        cpu.DeliverSoftware((byte)op->Immediate, EventKind.Software);
    }

    /// <summary>INT3.</summary>
    public static void Int3(X86Cpu cpu, Op* op) => cpu.DeliverSoftware(ExceptionVector.Breakpoint, EventKind.Software);

    /// <summary>INT1.</summary>
    public static void Int1(X86Cpu cpu, Op* op) => cpu.DeliverSoftware(ExceptionVector.Debug, EventKind.PrivilegedSoftware);

    /// <summary>INTO.</summary>
    public static void Into(X86Cpu cpu, Op* op)
    {
        if (LazyFlags.GetOf(cpu.State->FlagCarries) != 0)
        {
            cpu.DeliverSoftware(ExceptionVector.Overflow, EventKind.Software);
        }
    }

    /// <summary>UD0, UD1, UD2, and RSM outside system-management mode.</summary>
    public static void Undefined(X86Cpu cpu, Op* op) => cpu.FaultUndefined();
}
