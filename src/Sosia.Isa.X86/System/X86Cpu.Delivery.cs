using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Delivery through the interrupt table (SDM vol. 3, 6.12, 6.14, 20.1.4, 20.3; vol. 2, INT n).</content>
public sealed unsafe partial class X86Cpu
{
    private void DeliverReal(int vector, EventKind kind)
    {
        X86State* st = State;
        uint at = (uint)vector * 4;
        if (at + 3 > st->IdtrLimit)
        {
            FaultProtection();
            return;
        }

        if (!MemoryAccess.ReadSystem(st, (st->IdtrBase + at) & 0xffff_ffff, 4, out ulong pointer))
        {
            return;
        }

        // Real mode pushes no error codes, and the image of FLAGS has 16 bits.
        var stack = new StackFrame(this);
        if (!stack.Push(2, (ushort)Rflags) || !stack.Push(2, st->Cs.Selector) || !stack.Push(2, (ushort)st->Rip))
        {
            return;
        }

        ulong offset = pointer & 0xffff;
        if (offset > st->Cs.Limit)
        {
            FaultProtection();
            return;
        }

        st->Gpr[4] = stack.Pointer;
        LoadRealSegment(ref st->Cs, (ushort)(pointer >> 16));
        st->Rip = offset;
        st->SystemFlags &= ~ControlBits.Ac;
        FinishDelivery(clearInterrupt: true);
    }

    private void DeliverProtected(int vector, EventKind kind, bool hasErrorCode, uint errorCode, ulong flags)
    {
        X86State* st = State;
        uint ext = kind == EventKind.Software ? 0u : 1;
        uint tableError = ((uint)vector << 3) | 2 | ext;
        uint at = (uint)vector * 8;
        if (at + 7 > st->IdtrLimit)
        {
            Fault(ExceptionVector.GeneralProtection, tableError);
            return;
        }

        if (!MemoryAccess.ReadSystem(st, (st->IdtrBase + at) & 0xffff_ffff, 8, out ulong raw))
        {
            return;
        }

        var gate = new Descriptor(raw);
        bool isGate = !gate.IsCodeOrData
            && gate.Type is Descriptor.TaskGate or Descriptor.InterruptGate16 or Descriptor.TrapGate16 or Descriptor.InterruptGate32 or Descriptor.TrapGate32;
        if (!isGate || gate.IsCodeOrData || (kind == EventKind.Software && gate.Dpl < st->Cpl))
        {
            Fault(ExceptionVector.GeneralProtection, tableError);
            return;
        }

        if (!gate.IsPresent)
        {
            Fault(ExceptionVector.SegmentNotPresent, tableError);
            return;
        }

        if (gate.Type == Descriptor.TaskGate)
        {
            DeliverToTask(gate.GateSelector, ext, hasErrorCode, errorCode, flags);
            return;
        }

        if (!CheckHandlerSegment(gate.GateSelector, ext, out Descriptor code))
        {
            return;
        }

        bool fromVirtual = IsVirtual8086;
        bool isInner = !code.IsConforming && code.Dpl < st->Cpl;
        // From virtual-8086 mode only level 0 may be entered (SDM vol. 2, INT n: INTERRUPT-FROM-VIRTUAL-8086-MODE).
        if (fromVirtual && (!isInner || code.Dpl != 0))
        {
            FaultSelector(ExceptionVector.GeneralProtection, gate.GateSelector, ext);
            return;
        }

        bool is32 = gate.Type >= Descriptor.InterruptGate32;
        int size = is32 ? 4 : 2;
        int cpl = isInner ? code.Dpl : st->Cpl;
        SegmentRegister stackSegment = st->Ss;
        StackFrame stack;
        if (isInner)
        {
            if (!ReadInnerStack(cpl, ext, out stackSegment, out ulong pointer))
            {
                return;
            }

            stack = InnerFrame(stackSegment, pointer, cpl, (stackSegment.Selector & 0xfffcu) | ext);
            bool pushed = !fromVirtual
                || (stack.Push(size, st->Gs.Selector) && stack.Push(size, st->Fs.Selector) && stack.Push(size, st->Ds.Selector) && stack.Push(size, st->Es.Selector));
            if (!pushed || !stack.Push(size, st->Ss.Selector) || !stack.Push(size, st->Gpr[4]))
            {
                return;
            }
        }
        else
        {
            stack = new StackFrame(this, st->Ss, st->Gpr[4], st->StackBits, Privilege, ext);
        }

        if (!stack.Push(size, flags) || !stack.Push(size, st->Cs.Selector) || !stack.Push(size, st->Rip)
            || (hasErrorCode && !stack.Push(size, errorCode)))
        {
            return;
        }

        ulong offset = is32 ? gate.GateOffset : gate.GateOffset & 0xffff;
        if (offset > code.Limit)
        {
            Fault(ExceptionVector.GeneralProtection, ext);
            return;
        }

        if (!MarkAccessed(gate.GateSelector, code))
        {
            return;
        }

        if (fromVirtual)
        {
            st->Gs = default;
            st->Fs = default;
            st->Ds = default;
            st->Es = default;
        }

        st->Ss = stackSegment;
        st->Gpr[4] = stack.Pointer;
        SetCodeSegment(gate.GateSelector, code, cpl);
        st->Rip = offset;
        FinishDelivery(clearInterrupt: (gate.Type & 1) == 0);
    }

    private void DeliverLong(int vector, EventKind kind, bool hasErrorCode, uint errorCode, ulong flags)
    {
        X86State* st = State;
        uint ext = kind == EventKind.Software ? 0u : 1;
        uint tableError = ((uint)vector << 3) | 2 | ext;
        uint at = (uint)vector * 16;
        if (at + 15 > st->IdtrLimit)
        {
            Fault(ExceptionVector.GeneralProtection, tableError);
            return;
        }

        if (!MemoryAccess.ReadSystem(st, st->IdtrBase + at, 8, out ulong raw)
            || !MemoryAccess.ReadSystem(st, st->IdtrBase + at + 8, 8, out ulong high))
        {
            return;
        }

        var gate = new Descriptor(raw);
        if (gate.IsCodeOrData || gate.Type is not (Descriptor.InterruptGate32 or Descriptor.TrapGate32)
            || (kind == EventKind.Software && gate.Dpl < st->Cpl))
        {
            Fault(ExceptionVector.GeneralProtection, tableError);
            return;
        }

        if (!gate.IsPresent)
        {
            Fault(ExceptionVector.SegmentNotPresent, tableError);
            return;
        }

        if (!CheckHandlerSegment(gate.GateSelector, ext, out Descriptor code))
        {
            return;
        }

        bool isInner = !code.IsConforming && code.Dpl < st->Cpl;
        int cpl = isInner ? code.Dpl : st->Cpl;
        ulong pointer = st->Gpr[4];
        if (gate.GateInterruptStack != 0)
        {
            if (!ReadTss64(28 + (gate.GateInterruptStack * 8), ext, out pointer))
            {
                return;
            }
        }
        else if (isInner && !ReadTss64(4 + (cpl * 8), ext, out pointer))
        {
            return;
        }

        // Every 64-bit delivery aligns the stack and pushes SS:RSP, whatever the levels (SDM vol. 3, 6.14.2).
        pointer &= ~15UL;
        AccessPrivilege privilege = cpl == 3 ? AccessPrivilege.User : SystemPrivilege;
        var stack = new StackFrame(this, default, pointer, 64, privilege, ext);
        if (!stack.Push(8, st->Ss.Selector) || !stack.Push(8, st->Gpr[4]) || !stack.Push(8, flags)
            || !stack.Push(8, st->Cs.Selector) || !stack.Push(8, st->Rip) || (hasErrorCode && !stack.Push(8, errorCode)))
        {
            return;
        }

        ulong offset = gate.GateOffset | (high << 32);
        if (!IsCanonical(offset))
        {
            Fault(ExceptionVector.GeneralProtection, ext);
            return;
        }

        if (!MarkAccessed(gate.GateSelector, code))
        {
            return;
        }

        if (isInner)
        {
            st->Ss = new SegmentRegister { Selector = (ushort)cpl };
        }

        st->Gpr[4] = stack.Pointer;
        SetCodeSegment(gate.GateSelector, code, cpl);
        st->Rip = offset;
        FinishDelivery(clearInterrupt: gate.Type == Descriptor.InterruptGate32);
    }

    // The code segment that a gate of the interrupt table names.
    private bool CheckHandlerSegment(ushort selector, uint ext, out Descriptor code)
    {
        code = default;
        if (IsNull(selector))
        {
            Fault(ExceptionVector.GeneralProtection, ext);
            return false;
        }

        if (!ReadDescriptor(selector, ExceptionVector.GeneralProtection, ext, out code))
        {
            return false;
        }

        if (!code.IsCode || code.Dpl > State->Cpl || (IsLongMode && (!code.IsLong || code.IsBig)))
        {
            FaultSelector(ExceptionVector.GeneralProtection, selector, ext);
            return false;
        }

        if (!code.IsPresent)
        {
            FaultSelector(ExceptionVector.SegmentNotPresent, selector, ext);
            return false;
        }

        return true;
    }

    /// <summary>A stack that is pushed to on behalf of an inner privilege level before that level is entered.</summary>
    internal StackFrame InnerFrame(in SegmentRegister segment, ulong pointer, int cpl, uint error)
        => new(this, segment, pointer, (segment.Attributes & SegmentRegister.Big) != 0 ? 32 : 16, cpl == 3 ? AccessPrivilege.User : SystemPrivilege, error);

    /// <summary>The stack that the TSS holds for a privilege level, outside IA-32e mode (SDM vol. 3, 7.2.1 and 7.6).</summary>
    /// <returns>False when a fault was recorded.</returns>
    internal bool ReadInnerStack(int cpl, uint ext, out SegmentRegister segment, out ulong pointer)
    {
        X86State* st = State;
        segment = default;
        pointer = 0;
        bool is32 = (st->Tr.Attributes & 8) != 0;
        uint at = is32 ? ((uint)cpl * 8) + 4 : ((uint)cpl * 4) + 2;
        int size = is32 ? 4 : 2;
        if (at + (uint)size + 1 > st->Tr.Limit)
        {
            FaultSelector(ExceptionVector.InvalidTss, st->Tr.Selector, ext);
            return false;
        }

        return MemoryAccess.ReadSystem(st, (st->Tr.Base + at) & 0xffff_ffff, size, out pointer)
            && MemoryAccess.ReadSystem(st, (st->Tr.Base + at + (uint)size) & 0xffff_ffff, 2, out ulong selector)
            && ReadStackSegment((ushort)selector, cpl, ExceptionVector.InvalidTss, ext, out segment);
    }

    /// <summary>A stack pointer from the 64-bit TSS.</summary>
    /// <returns>False when a fault was recorded.</returns>
    internal bool ReadTss64(int offset, uint ext, out ulong pointer)
    {
        X86State* st = State;
        pointer = 0;
        if ((uint)offset + 7 > st->Tr.Limit)
        {
            FaultSelector(ExceptionVector.InvalidTss, st->Tr.Selector, ext);
            return false;
        }

        return MemoryAccess.ReadSystem(st, st->Tr.Base + (ulong)offset, 8, out pointer);
    }

    private void DeliverToTask(ushort selector, uint ext, bool hasErrorCode, uint errorCode, ulong flags)
    {
        if ((selector & 4) != 0 || IsNull(selector))
        {
            FaultSelector(ExceptionVector.GeneralProtection, selector, ext);
            return;
        }

        if (!ReadDescriptor(selector, ExceptionVector.GeneralProtection, ext, out Descriptor tss))
        {
            return;
        }

        if (tss.IsCodeOrData || tss.Type is not (Descriptor.AvailableTss16 or Descriptor.AvailableTss32))
        {
            FaultSelector(ExceptionVector.GeneralProtection, selector, ext);
            return;
        }

        if (!tss.IsPresent)
        {
            FaultSelector(ExceptionVector.SegmentNotPresent, selector, ext);
            return;
        }

        if (!SwitchTask(selector, tss, TaskSwitchKind.Call, State->Rip, flags, ext) || !hasErrorCode)
        {
            return;
        }

        var stack = new StackFrame(this, State->Ss, State->Gpr[4], State->StackBits, Privilege, ext);
        if (stack.Push(tss.Type == Descriptor.AvailableTss32 ? 4 : 2, errorCode))
        {
            State->Gpr[4] = stack.Pointer;
        }
    }
}
