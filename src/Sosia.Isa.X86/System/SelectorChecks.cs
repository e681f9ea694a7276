using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>LAR, LSL, VERR, VERW, ARPL (SDM vol. 2): they answer in ZF instead of faulting.</summary>
internal static unsafe class SelectorChecks
{
    /// <summary>LAR.</summary>
    public static void Lar(X86Cpu cpu, Op* op)
    {
        if (!ReadSelector(cpu, op, op->Source, out ushort selector))
        {
            return;
        }

        bool found = Look(cpu, selector, out Descriptor descriptor)
            && (descriptor.IsCodeOrData || IsLarType(cpu, descriptor.Type)) && IsVisible(cpu, selector, descriptor);
        if (cpu.Faulted)
        {
            return;
        }

        if (found)
        {
            OperandForm.SetRegister(cpu.State, op->Destination, OperandForm.ByteCount(op), (descriptor.Raw >> 32) & 0xff_ff00);
        }

        SetZf(cpu, found);
    }

    /// <summary>LSL.</summary>
    public static void Lsl(X86Cpu cpu, Op* op)
    {
        if (!ReadSelector(cpu, op, op->Source, out ushort selector))
        {
            return;
        }

        bool found = Look(cpu, selector, out Descriptor descriptor)
            && (descriptor.IsCodeOrData || IsLslType(cpu, descriptor.Type)) && IsVisible(cpu, selector, descriptor);
        if (cpu.Faulted)
        {
            return;
        }

        if (found)
        {
            OperandForm.SetRegister(cpu.State, op->Destination, OperandForm.ByteCount(op), descriptor.Limit);
        }

        SetZf(cpu, found);
    }

    /// <summary>VERR.</summary>
    public static void Verr(X86Cpu cpu, Op* op) => Verify(cpu, op, isWrite: false);

    /// <summary>VERW.</summary>
    public static void Verw(X86Cpu cpu, Op* op) => Verify(cpu, op, isWrite: true);

    /// <summary>ARPL.</summary>
    public static void Arpl(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!DescriptorTables.RequireProtected(cpu))
        {
            return;
        }

        int rpl = (int)OperandForm.Register(st, op->Source, 2) & 3;
        ulong selector;
        ulong linear = 0;
        if (OperandForm.IsMemory(op))
        {
            if (!MemoryAccess.SegmentedAddress(st, op, 2, isWrite: true, out linear) || !MemoryAccess.ReadForUpdateSlow(st, linear, 2, out selector))
            {
                return;
            }
        }
        else
        {
            selector = OperandForm.Register(st, op->Destination, 2);
        }

        bool raises = ((int)selector & 3) < rpl;
        if (raises)
        {
            selector = (selector & 0xfffc) | (uint)rpl;
            if (OperandForm.IsMemory(op))
            {
                MemoryAccess.WriteSlow(st, linear, 2, selector);
            }
            else
            {
                OperandForm.SetRegister(st, op->Destination, 2, selector);
            }
        }

        SetZf(cpu, raises);
    }

    private static void Verify(X86Cpu cpu, Op* op, bool isWrite)
    {
        if (!ReadSelector(cpu, op, op->Destination, out ushort selector))
        {
            return;
        }

        bool found = Look(cpu, selector, out Descriptor descriptor) && descriptor.IsCodeOrData
            && (isWrite ? descriptor.IsWritableData : descriptor.IsReadable) && IsVisible(cpu, selector, descriptor);
        if (!cpu.Faulted)
        {
            SetZf(cpu, found);
        }
    }

    private static bool ReadSelector(X86Cpu cpu, Op* op, ushort register, out ushort selector)
    {
        selector = 0;
        if (!DescriptorTables.RequireProtected(cpu) || !OperandForm.Read(cpu.State, op, register, 2, out ulong value))
        {
            return false;
        }

        selector = (ushort)value;
        return true;
    }

    private static bool Look(X86Cpu cpu, ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        if (X86Cpu.IsNull(selector) || !cpu.FindDescriptor(selector, 8, out ulong linear)
            || !MemoryAccess.ReadSystem(cpu.State, linear, 8, out ulong raw))
        {
            return false;
        }

        descriptor = new Descriptor(raw);
        return true;
    }

    private static bool IsVisible(X86Cpu cpu, ushort selector, Descriptor descriptor)
        => descriptor.IsConforming || (cpu.State->Cpl <= descriptor.Dpl && (selector & 3) <= descriptor.Dpl);

    private static bool IsLarType(X86Cpu cpu, int type) => cpu.IsLongMode
        ? type is Descriptor.Ldt or Descriptor.AvailableTss32 or Descriptor.BusyTss32 or Descriptor.CallGate32
        : type is Descriptor.AvailableTss16 or Descriptor.Ldt or Descriptor.BusyTss16 or Descriptor.CallGate16 or Descriptor.TaskGate
            or Descriptor.AvailableTss32 or Descriptor.BusyTss32 or Descriptor.CallGate32;

    private static bool IsLslType(X86Cpu cpu, int type) => cpu.IsLongMode
        ? type is Descriptor.Ldt or Descriptor.AvailableTss32 or Descriptor.BusyTss32
        : type is Descriptor.AvailableTss16 or Descriptor.Ldt or Descriptor.BusyTss16 or Descriptor.AvailableTss32 or Descriptor.BusyTss32;

    private static void SetZf(X86Cpu cpu, bool set)
    {
        uint flags = LazyFlags.ToEflags(cpu.State->FlagResult, cpu.State->FlagCarries);
        flags = set ? flags | LazyFlags.Zf : flags & ~LazyFlags.Zf;
        cpu.State->FlagResult = LazyFlags.FromEflags(flags, out cpu.State->FlagCarries);
    }
}
