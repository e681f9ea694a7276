using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>Far JMP and CALL (SDM vol. 2, JMP and CALL; vol. 3, 5.8).</summary>
internal static unsafe class FarTransfer
{
    /// <summary>JMP ptr16:16, ptr16:32.</summary>
    public static void JumpImmediate(X86Cpu cpu, Op* op) => Jump(cpu, op, (ushort)(op->Immediate >> 32), (uint)op->Immediate);

    /// <summary>JMP m16:16, m16:32, m16:64.</summary>
    public static void JumpMemory(X86Cpu cpu, Op* op)
    {
        if (ReadPointer(cpu, op, out ushort selector, out ulong offset))
        {
            Jump(cpu, op, selector, offset);
        }
    }

    /// <summary>CALL ptr16:16, ptr16:32.</summary>
    public static void CallImmediate(X86Cpu cpu, Op* op) => Call(cpu, op, (ushort)(op->Immediate >> 32), (uint)op->Immediate);

    /// <summary>CALL m16:16, m16:32, m16:64.</summary>
    public static void CallMemory(X86Cpu cpu, Op* op)
    {
        if (ReadPointer(cpu, op, out ushort selector, out ulong offset))
        {
            Call(cpu, op, selector, offset);
        }
    }

    /// <summary>Reads a far pointer from memory: the offset in operand size, then the selector.</summary>
    /// <returns>False when it faulted.</returns>
    internal static bool ReadPointer(X86Cpu cpu, Op* op, out ushort selector, out ulong offset)
    {
        int size = OperandForm.ByteCount(op);
        selector = 0;
        if (!OperandForm.ReadMemory(cpu.State, op, 0, size, out offset) || !OperandForm.ReadMemory(cpu.State, op, size, 2, out ulong value))
        {
            return false;
        }

        selector = (ushort)value;
        return true;
    }

    private static void Jump(X86Cpu cpu, Op* op, ushort selector, ulong offset)
    {
        X86State* st = cpu.State;
        if (!cpu.IsProtected)
        {
            if (CheckLimit(cpu, offset, st->Cs.Limit))
            {
                cpu.LoadRealSegment(ref st->Cs, selector);
                st->Rip = offset;
                cpu.UpdateMode();
            }

            return;
        }

        if (!ReadTarget(cpu, selector, out Descriptor descriptor))
        {
            return;
        }

        if (descriptor.IsCodeOrData)
        {
            if (CheckDirectCode(cpu, selector, descriptor, ref offset) && cpu.MarkAccessed(selector, descriptor))
            {
                cpu.SetCodeSegment(selector, descriptor, st->Cpl);
                st->Rip = offset;
                cpu.UpdateMode();
            }

            return;
        }

        if (IsCallGate(cpu, descriptor))
        {
            if (!ReadGate(cpu, selector, descriptor, out ushort codeSelector, out Descriptor code, out offset))
            {
                return;
            }

            // JMP cannot change the level.
            if (code.IsConforming ? code.Dpl > st->Cpl : code.Dpl != st->Cpl)
            {
                cpu.FaultSelector(ExceptionVector.GeneralProtection, codeSelector);
                return;
            }

            if (CheckTargetOffset(cpu, code, offset) && cpu.MarkAccessed(codeSelector, code))
            {
                cpu.SetCodeSegment(codeSelector, code, st->Cpl);
                st->Rip = offset;
                cpu.UpdateMode();
            }

            return;
        }

        SwitchTask(cpu, selector, descriptor, TaskSwitchKind.Jump);
    }

    private static void Call(X86Cpu cpu, Op* op, ushort selector, ulong offset)
    {
        X86State* st = cpu.State;
        int size = OperandForm.ByteCount(op);
        if (!cpu.IsProtected)
        {
            var realStack = new StackFrame(cpu);
            if (realStack.Push(size, st->Cs.Selector) && realStack.Push(size, st->Rip) && CheckLimit(cpu, offset, st->Cs.Limit))
            {
                st->Gpr[4] = realStack.Pointer;
                cpu.LoadRealSegment(ref st->Cs, selector);
                st->Rip = offset;
                cpu.UpdateMode();
            }

            return;
        }

        if (!ReadTarget(cpu, selector, out Descriptor descriptor))
        {
            return;
        }

        if (descriptor.IsCodeOrData)
        {
            if (!CheckDirectCode(cpu, selector, descriptor, ref offset))
            {
                return;
            }

            var stack = new StackFrame(cpu);
            if (stack.Push(size, st->Cs.Selector) && stack.Push(size, st->Rip) && cpu.MarkAccessed(selector, descriptor))
            {
                st->Gpr[4] = stack.Pointer;
                cpu.SetCodeSegment(selector, descriptor, st->Cpl);
                st->Rip = offset;
                cpu.UpdateMode();
            }

            return;
        }

        if (IsCallGate(cpu, descriptor))
        {
            CallThroughGate(cpu, selector, descriptor);
            return;
        }

        SwitchTask(cpu, selector, descriptor, TaskSwitchKind.Call);
    }

    private static void CallThroughGate(X86Cpu cpu, ushort gateSelector, Descriptor gate)
    {
        X86State* st = cpu.State;
        if (!ReadGate(cpu, gateSelector, gate, out ushort selector, out Descriptor code, out ulong offset))
        {
            return;
        }

        if (code.Dpl > st->Cpl)
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return;
        }

        int size = cpu.IsLongMode ? 8 : gate.Type == Descriptor.CallGate32 ? 4 : 2;
        bool isInner = !code.IsConforming && code.Dpl < st->Cpl;
        int cpl = isInner ? code.Dpl : st->Cpl;
        SegmentRegister segment = st->Ss;
        StackFrame stack;
        if (!isInner)
        {
            stack = new StackFrame(cpu);
        }
        else if (cpu.IsLongMode)
        {
            if (!cpu.ReadTss64(4 + (cpl * 8), 0, out ulong pointer))
            {
                return;
            }

            segment = new SegmentRegister { Selector = (ushort)cpl };
            stack = new StackFrame(cpu, segment, pointer, 64, cpu.SystemPrivilege, 0);
            if (!stack.Push(8, st->Ss.Selector) || !stack.Push(8, st->Gpr[4]))
            {
                return;
            }
        }
        else
        {
            if (!cpu.ReadInnerStack(cpl, 0, out segment, out ulong pointer))
            {
                return;
            }

            stack = cpu.InnerFrame(segment, pointer, cpl, segment.Selector & 0xfffcu);
            if (!stack.Push(size, st->Ss.Selector) || !stack.Push(size, st->Gpr[4]) || !CopyParameters(cpu, ref stack, gate.GateParameterCount, size))
            {
                return;
            }
        }

        if (!stack.Push(size, st->Cs.Selector) || !stack.Push(size, st->Rip)
            || !CheckTargetOffset(cpu, code, offset) || !cpu.MarkAccessed(selector, code))
        {
            return;
        }

        st->Ss = segment;
        st->Gpr[4] = stack.Pointer;
        cpu.SetCodeSegment(selector, code, cpl);
        st->Rip = offset;
        cpu.UpdateMode();
    }

    private static bool CopyParameters(X86Cpu cpu, ref StackFrame inner, int count, int size)
    {
        var outer = new StackFrame(cpu);
        for (int i = count - 1; i >= 0; i--)
        {
            if (!outer.Peek(i * size, size, out ulong parameter) || !inner.Push(size, parameter))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ReadTarget(X86Cpu cpu, ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        if (X86Cpu.IsNull(selector))
        {
            cpu.FaultProtection();
            return false;
        }

        return cpu.ReadDescriptor(selector, ExceptionVector.GeneralProtection, 0, out descriptor);
    }

    // A code segment named directly: same level only (SDM vol. 3, 5.8.1).
    private static bool CheckDirectCode(X86Cpu cpu, ushort selector, Descriptor code, ref ulong offset)
    {
        int cpl = cpu.State->Cpl;
        bool isAllowed = code.IsCode && (code.IsConforming ? code.Dpl <= cpl : (selector & 3) <= cpl && code.Dpl == cpl);
        if (!isAllowed || (cpu.IsLongMode && code.IsLong && code.IsBig))
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return false;
        }

        if (!code.IsPresent)
        {
            cpu.FaultSelector(ExceptionVector.SegmentNotPresent, selector);
            return false;
        }

        return CheckTargetOffset(cpu, code, offset);
    }

    private static bool CheckTargetOffset(X86Cpu cpu, Descriptor code, ulong offset)
    {
        if (!cpu.IsLongMode || !code.IsLong)
        {
            return CheckLimit(cpu, offset, code.Limit);
        }

        if (cpu.IsCanonical(offset))
        {
            return true;
        }

        cpu.FaultProtection();
        return false;
    }

    private static bool CheckLimit(X86Cpu cpu, ulong offset, uint limit)
    {
        if (offset <= limit)
        {
            return true;
        }

        cpu.FaultProtection();
        return false;
    }

    private static bool IsCallGate(X86Cpu cpu, Descriptor descriptor)
        => descriptor.Type == Descriptor.CallGate32 || (descriptor.Type == Descriptor.CallGate16 && !cpu.IsLongMode);

    // The gate's own checks and those of its target that JMP and CALL share.
    private static bool ReadGate(X86Cpu cpu, ushort gateSelector, Descriptor gate, out ushort selector, out Descriptor code, out ulong offset)
    {
        X86State* st = cpu.State;
        code = default;
        selector = gate.GateSelector;
        offset = gate.Type == Descriptor.CallGate16 ? gate.GateOffset & 0xffff : gate.GateOffset;
        if (gate.Dpl < st->Cpl || (gateSelector & 3) > gate.Dpl)
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, gateSelector);
            return false;
        }

        if (!gate.IsPresent)
        {
            cpu.FaultSelector(ExceptionVector.SegmentNotPresent, gateSelector);
            return false;
        }

        if (cpu.IsLongMode)
        {
            if (!cpu.ReadDescriptorHigh(gateSelector, ExceptionVector.GeneralProtection, 0, out ulong high))
            {
                return false;
            }

            offset |= high << 32;
        }

        if (!ReadTarget(cpu, selector, out code))
        {
            return false;
        }

        if (!code.IsCode || code.Dpl > st->Cpl || (cpu.IsLongMode && (!code.IsLong || code.IsBig)))
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return false;
        }

        if (!code.IsPresent)
        {
            cpu.FaultSelector(ExceptionVector.SegmentNotPresent, selector);
            return false;
        }

        return true;
    }

    // A task gate or a TSS descriptor named by JMP or CALL.
    private static void SwitchTask(X86Cpu cpu, ushort selector, Descriptor descriptor, TaskSwitchKind kind)
    {
        X86State* st = cpu.State;
        bool isGate = descriptor.Type == Descriptor.TaskGate;
        bool isAvailable = descriptor.Type is Descriptor.AvailableTss16 or Descriptor.AvailableTss32;
        if (cpu.IsLongMode || !(isGate || isAvailable) || descriptor.Dpl < st->Cpl || descriptor.Dpl < (selector & 3))
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return;
        }

        if (!descriptor.IsPresent)
        {
            cpu.FaultSelector(ExceptionVector.SegmentNotPresent, selector);
            return;
        }

        if (isGate)
        {
            selector = descriptor.GateSelector;
            if ((selector & 4) != 0 || X86Cpu.IsNull(selector))
            {
                cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
                return;
            }

            if (!cpu.ReadDescriptor(selector, ExceptionVector.GeneralProtection, 0, out descriptor))
            {
                return;
            }

            if (descriptor.IsCodeOrData || descriptor.Type is not (Descriptor.AvailableTss16 or Descriptor.AvailableTss32))
            {
                cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
                return;
            }

            if (!descriptor.IsPresent)
            {
                cpu.FaultSelector(ExceptionVector.SegmentNotPresent, selector);
                return;
            }
        }

        if ((selector & 4) != 0)
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return;
        }

        cpu.SwitchTask(selector, descriptor, kind, st->Rip, cpu.Rflags, 0);
    }
}
