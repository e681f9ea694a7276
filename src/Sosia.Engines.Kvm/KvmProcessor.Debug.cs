using Sosia.Core.Execution;
using Sosia.Host.Linux.Kvm;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Kvm;

/// <content>A debugger's wishes: by the host's debug registers, by INT3 where those are too few, and by the host's trap flag.</content>
internal sealed unsafe partial class KvmProcessor
{
    private bool _isSingleStep;
    private DebugRegisters _debugRegisters = DebugRegisters.TryAllocate(DebugControl.None)!;

    /// <summary>Breakpoints, watchpoints and single step from outside the guest. While the machine does not run.</summary>
    /// <returns>
    /// False, with nothing changed, when this KVM has no such thing, the watchpoints do not find room in the registers, or the breakpoints do not and one of those that
    /// are left leads to no memory now.
    /// </returns>
    public bool TrySetDebug(DebugControl control)
    {
        (bool wasSingleStep, DebugRegisters before) = (_isSingleStep, _debugRegisters);
        if (DebugRegisters.TryAllocate(control) is not { } registers || !_machine.Breakpoints.TrySet(_cpu, registers.LeftOver))
        {
            return false;
        }

        _isSingleStep = control.IsSingleStep;
        _debugRegisters = registers;
        _hasDebugEvent = false;
        if (_machine.TryApplyDebug())
        {
            return true;
        }

        _isSingleStep = wasSingleStep;
        _debugRegisters = before;
        _ = _machine.Breakpoints.TrySet(_cpu, before.LeftOver);
        return false;
    }

    /// <summary>Tells KVM what is wanted of this processor.</summary>
    /// <returns>False when KVM has no such thing.</returns>
    public bool TryApplyDebug()
    {
        var debug = new KvmGuestDebug();
        if (_isSingleStep)
        {
            debug.Control |= KvmGuestDebug.Enable | KvmGuestDebug.SingleStep;
        }

        if (_machine.Breakpoints.Any)
        {
            debug.Control |= KvmGuestDebug.Enable | KvmGuestDebug.SoftwareBreakpoints;
        }

        if (_debugRegisters.Addresses.Count != 0)
        {
            debug.Control |= KvmGuestDebug.Enable | KvmGuestDebug.HardwareBreakpoints;
            debug.Registers[7] = _debugRegisters.Control;
            for (int i = 0; i < _debugRegisters.Addresses.Count; i++)
            {
                debug.Registers[i] = _debugRegisters.Addresses[i];
            }
        }

        return _vcpu.TrySetGuestDebug(debug) == 0;
    }

    // The guest stands at an INT3: the debugger's, one that another processor or another mapping has for the same memory, or its own.
    private ExitReason? MeetInt3()
    {
        BringBack();
        X86State* st = _cpu.State;
        ulong linear = st->CodeBits == 64 ? st->Rip : (uint)(st->Rip + st->Cs.Base);
        return _machine.Breakpoints.Has(_cpu, linear) ? ExitReason.DebugEvent : InterpretOne();
    }

    // What the interpreter executes in KVM's place is a step, too.
    private ExitReason? InterpretOne() => Interpret(1) ?? (_isSingleStep ? ExitReason.DebugEvent : null);
}
