using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>Far RET and IRET (SDM vol. 2, RET and IRET).</summary>
internal static unsafe class FarReturn
{
    /// <summary>RET far, with the immediate as the number of bytes to drop.</summary>
    public static void Return(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        int size = OperandForm.ByteCount(op);
        int extra = (ushort)op->Immediate;
        var stack = new StackFrame(cpu);
        if (!stack.Pop(size, out ulong offset) || !stack.Pop(size, out ulong poppedCode))
        {
            return;
        }

        ushort selector = (ushort)poppedCode;
        if (!cpu.IsProtected)
        {
            if (offset > st->Cs.Limit)
            {
                cpu.FaultProtection();
                return;
            }

            stack.Release(extra);
            st->Gpr[4] = stack.Pointer;
            cpu.LoadRealSegment(ref st->Cs, selector);
            st->Rip = offset;
            cpu.UpdateMode();
            return;
        }

        if (!CheckCode(cpu, selector, offset, out Descriptor code))
        {
            return;
        }

        stack.Release(extra);
        int rpl = selector & 3;
        if (rpl == st->Cpl)
        {
            if (cpu.MarkAccessed(selector, code))
            {
                st->Gpr[4] = stack.Pointer;
                cpu.SetCodeSegment(selector, code, rpl);
                st->Rip = offset;
                cpu.UpdateMode();
            }

            return;
        }

        if (!stack.Pop(size, out ulong pointer) || !stack.Pop(size, out ulong poppedStack)
            || !ReadOuterStack(cpu, (ushort)poppedStack, rpl, code, out SegmentRegister segment) || !cpu.MarkAccessed(selector, code))
        {
            return;
        }

        EnterOuter(cpu, selector, code, offset, segment, pointer, extra, size);
    }

    /// <summary>IRET, IRETD, IRETQ.</summary>
    public static void InterruptReturn(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        int size = OperandForm.ByteCount(op);
        if (!cpu.IsProtected)
        {
            if (cpu.IsVirtual8086 && (st->SystemFlags & ControlBits.Iopl) != ControlBits.Iopl)
            {
                cpu.FaultProtection();
                return;
            }

            ReturnReal(cpu, size);
        }
        else if ((st->SystemFlags & ControlBits.Nt) != 0)
        {
            ReturnToTask(cpu);
        }
        else
        {
            ReturnProtected(cpu, size);
        }

        if (!cpu.Faulted)
        {
            // Only an IRET that completes ends the blocking of NMIs; the manual leaves open what a faulting one does.
            st->NmiBlocked = 0;
            cpu.RequestEventCheck();
        }
    }

    private static void ReturnReal(X86Cpu cpu, int size)
    {
        X86State* st = cpu.State;
        var stack = new StackFrame(cpu);
        if (!stack.Pop(size, out ulong offset) || !stack.Pop(size, out ulong selector) || !stack.Pop(size, out ulong flags))
        {
            return;
        }

        if (offset > st->Cs.Limit)
        {
            cpu.FaultProtection();
            return;
        }

        st->Gpr[4] = stack.Pointer;
        cpu.LoadRealSegment(ref st->Cs, (ushort)selector);
        st->Rip = offset;
        ulong mask = ReturnMask(size) | ControlBits.If | (cpu.IsVirtual8086 ? 0 : ControlBits.Iopl);
        SetFlags(cpu, flags, mask);
        cpu.UpdateMode();
    }

    private static void ReturnToTask(X86Cpu cpu)
    {
        X86State* st = cpu.State;
        if (cpu.IsLongMode)
        {
            cpu.FaultProtection();
            return;
        }

        if (!Mmu.MemoryAccess.ReadSystem(st, st->Tr.Base, 2, out ulong link))
        {
            return;
        }

        ushort selector = (ushort)link;
        if ((selector & 4) != 0 || X86Cpu.IsNull(selector))
        {
            cpu.FaultSelector(ExceptionVector.InvalidTss, selector);
            return;
        }

        if (!cpu.ReadDescriptor(selector, ExceptionVector.InvalidTss, 0, out Descriptor descriptor))
        {
            return;
        }

        if (descriptor.IsCodeOrData || descriptor.Type is not (Descriptor.BusyTss16 or Descriptor.BusyTss32))
        {
            cpu.FaultSelector(ExceptionVector.InvalidTss, selector);
            return;
        }

        if (!descriptor.IsPresent)
        {
            cpu.FaultSelector(ExceptionVector.SegmentNotPresent, selector);
            return;
        }

        cpu.SwitchTask(selector, descriptor, TaskSwitchKind.Return, st->Rip, cpu.Rflags, 0);
    }

    private static void ReturnProtected(X86Cpu cpu, int size)
    {
        X86State* st = cpu.State;
        var stack = new StackFrame(cpu);
        if (!stack.Pop(size, out ulong offset) || !stack.Pop(size, out ulong poppedCode) || !stack.Pop(size, out ulong flags))
        {
            return;
        }

        if (size == 4 && (flags & ControlBits.Vm) != 0 && st->Cpl == 0 && !cpu.IsLongMode)
        {
            ReturnToVirtual(cpu, ref stack, offset, (ushort)poppedCode, flags);
            return;
        }

        ushort selector = (ushort)poppedCode;
        if (!CheckCode(cpu, selector, offset, out Descriptor code))
        {
            return;
        }

        int rpl = selector & 3;
        bool isOuter = rpl != st->Cpl;
        // The flags that may change depend on the level returned from.
        ulong mask = ReturnMask(size);
        mask |= (ulong)st->Cpl <= (st->SystemFlags & ControlBits.Iopl) >> 12 ? ControlBits.If : 0;
        mask |= st->Cpl == 0 ? ControlBits.Iopl | (size != 2 ? ControlBits.Vif | ControlBits.Vip : 0) : 0;
        if (!isOuter && st->CodeBits != 64)
        {
            if (!cpu.MarkAccessed(selector, code))
            {
                return;
            }

            st->Gpr[4] = stack.Pointer;
            cpu.SetCodeSegment(selector, code, rpl);
            st->Rip = offset;
            SetFlags(cpu, flags, mask);
            cpu.UpdateMode();
            return;
        }

        if (!stack.Pop(size, out ulong pointer) || !stack.Pop(size, out ulong poppedStack)
            || !ReadOuterStack(cpu, (ushort)poppedStack, rpl, code, out SegmentRegister segment) || !cpu.MarkAccessed(selector, code))
        {
            return;
        }

        SetFlags(cpu, flags, mask);
        if (isOuter)
        {
            EnterOuter(cpu, selector, code, offset, segment, pointer, 0, size);
            return;
        }

        st->Ss = segment;
        cpu.SetCodeSegment(selector, code, rpl);
        st->Rip = offset;
        cpu.UpdateMode();
        SetStackPointer(cpu, pointer, size);
    }

    private static void ReturnToVirtual(X86Cpu cpu, ref StackFrame stack, ulong offset, ushort codeSelector, ulong flags)
    {
        X86State* st = cpu.State;
        if (!stack.Pop(4, out ulong pointer) || !stack.Pop(4, out ulong ss) || !stack.Pop(4, out ulong es)
            || !stack.Pop(4, out ulong ds) || !stack.Pop(4, out ulong fs) || !stack.Pop(4, out ulong gs))
        {
            return;
        }

        if (offset > 0xffff)
        {
            cpu.FaultProtection();
            return;
        }

        SetFlags(cpu, flags, ControlBits.AllFlags);
        st->Cpl = 3;
        cpu.LoadRealSegment(ref st->Cs, codeSelector);
        cpu.LoadRealSegment(ref st->Ss, (ushort)ss);
        cpu.LoadRealSegment(ref st->Es, (ushort)es);
        cpu.LoadRealSegment(ref st->Ds, (ushort)ds);
        cpu.LoadRealSegment(ref st->Fs, (ushort)fs);
        cpu.LoadRealSegment(ref st->Gs, (ushort)gs);
        st->Gpr[4] = (uint)pointer;
        st->Rip = offset;
        cpu.UpdateMode();
    }

    private static bool CheckCode(X86Cpu cpu, ushort selector, ulong offset, out Descriptor code)
    {
        code = default;
        if (X86Cpu.IsNull(selector))
        {
            cpu.FaultProtection();
            return false;
        }

        if (!cpu.ReadDescriptor(selector, ExceptionVector.GeneralProtection, 0, out code))
        {
            return false;
        }

        int rpl = selector & 3;
        bool isAllowed = code.IsCode && rpl >= cpu.State->Cpl && (code.IsConforming ? code.Dpl <= rpl : code.Dpl == rpl);
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

        bool isGood = cpu.IsLongMode && code.IsLong ? cpu.IsCanonical(offset) : offset <= code.Limit;
        if (!isGood)
        {
            cpu.FaultProtection();
        }

        return isGood;
    }

    // SS for the returned-to level: null is allowed for 64-bit code below level 3.
    private static bool ReadOuterStack(X86Cpu cpu, ushort selector, int cpl, Descriptor code, out SegmentRegister segment)
    {
        if (X86Cpu.IsNull(selector) && cpu.IsLongMode && code.IsLong && cpl != 3 && (selector & 3) == cpl)
        {
            segment = new SegmentRegister { Selector = selector };
            return true;
        }

        if (X86Cpu.IsNull(selector))
        {
            segment = default;
            cpu.FaultProtection();
            return false;
        }

        return cpu.ReadStackSegment(selector, cpl, ExceptionVector.GeneralProtection, 0, out segment);
    }

    private static void EnterOuter(X86Cpu cpu, ushort selector, Descriptor code, ulong offset, in SegmentRegister segment, ulong pointer, int extra, int size)
    {
        X86State* st = cpu.State;
        st->Ss = segment;
        cpu.SetCodeSegment(selector, code, selector & 3);
        st->Rip = offset;
        cpu.DropInnerSegments(st->Cpl);
        cpu.UpdateMode();
        SetStackPointer(cpu, pointer + (ulong)extra, size);
    }

    // The popped pointer fills the stack pointer's new width; a 16-bit stack keeps the upper bits (what espfix works around).
    private static void SetStackPointer(X86Cpu cpu, ulong pointer, int size)
    {
        X86State* st = cpu.State;
        pointer = OperandForm.Cut(pointer, size);
        st->Gpr[4] = st->StackBits switch
        {
            64 => pointer,
            32 => (uint)pointer,
            _ => (st->Gpr[4] & ~0xffffUL) | (ushort)pointer,
        };
    }

    private static ulong ReturnMask(int size)
        => LazyFlags.All | ControlBits.Tf | ControlBits.Df | ControlBits.Nt | (size != 2 ? ControlBits.Rf | ControlBits.Ac | ControlBits.Id : 0);

    private static void SetFlags(X86Cpu cpu, ulong flags, ulong mask)
    {
        cpu.Rflags = (cpu.Rflags & ~mask) | (flags & mask);
        cpu.SetResumeFlag((flags & mask & ControlBits.Rf) != 0);
    }
}
