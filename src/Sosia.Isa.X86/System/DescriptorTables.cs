using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>LGDT, LIDT, SGDT, SIDT, LLDT, SLDT, LTR, STR, LMSW, SMSW (SDM vol. 2; vol. 3, 2.4).</summary>
internal static unsafe class DescriptorTables
{
    /// <summary>SGDT.</summary>
    public static void Sgdt(X86Cpu cpu, Op* op) => Store(cpu, op, cpu.State->GdtrBase, cpu.State->GdtrLimit);

    /// <summary>SIDT.</summary>
    public static void Sidt(X86Cpu cpu, Op* op) => Store(cpu, op, cpu.State->IdtrBase, cpu.State->IdtrLimit);

    /// <summary>LGDT.</summary>
    public static void Lgdt(X86Cpu cpu, Op* op)
    {
        if (Load(cpu, op, out ulong tableBase, out uint limit))
        {
            cpu.State->GdtrBase = tableBase;
            cpu.State->GdtrLimit = limit;
        }
    }

    /// <summary>LIDT.</summary>
    public static void Lidt(X86Cpu cpu, Op* op)
    {
        if (Load(cpu, op, out ulong tableBase, out uint limit))
        {
            cpu.State->IdtrBase = tableBase;
            cpu.State->IdtrLimit = limit;
        }
    }

    /// <summary>SLDT.</summary>
    public static void Sldt(X86Cpu cpu, Op* op)
    {
        if (RequireProtected(cpu) && AllowStore(cpu))
        {
            StoreWord(cpu, op, cpu.State->Ldtr.Selector);
        }
    }

    /// <summary>STR.</summary>
    public static void Str(X86Cpu cpu, Op* op)
    {
        if (RequireProtected(cpu) && AllowStore(cpu))
        {
            StoreWord(cpu, op, cpu.State->Tr.Selector);
        }
    }

    /// <summary>SMSW: a register gets all of CR0 that fits.</summary>
    public static void Smsw(X86Cpu cpu, Op* op)
    {
        if (AllowStore(cpu))
        {
            StoreWord(cpu, op, cpu.State->Cr0);
        }
    }

    /// <summary>LMSW: sets PE but cannot clear it.</summary>
    public static void Lmsw(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (RequireLevel0(cpu) && OperandForm.Read(st, op, op->Destination, 2, out ulong value))
        {
            const ulong Loadable = ControlBits.Cr0Pe | ControlBits.Cr0Mp | ControlBits.Cr0Em | ControlBits.Cr0Ts;
            cpu.WriteCr0((st->Cr0 & (~Loadable | ControlBits.Cr0Pe)) | (value & Loadable));
        }
    }

    /// <summary>LLDT.</summary>
    public static void Lldt(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!RequireProtected(cpu) || !RequireLevel0(cpu) || !OperandForm.Read(st, op, op->Destination, 2, out ulong value))
        {
            return;
        }

        ushort selector = (ushort)value;
        if (X86Cpu.IsNull(selector))
        {
            st->Ldtr = new SegmentRegister { Selector = selector };
        }
        else if (ReadSystem(cpu, selector, out Descriptor descriptor, out ulong high))
        {
            if (descriptor.IsCodeOrData || descriptor.Type != Descriptor.Ldt)
            {
                cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            }
            else if (!descriptor.IsPresent)
            {
                cpu.FaultSelector(ExceptionVector.SegmentNotPresent, selector);
            }
            else
            {
                st->Ldtr = descriptor.ToSegment(selector);
                st->Ldtr.Base |= high << 32;
            }
        }
    }

    /// <summary>LTR.</summary>
    public static void Ltr(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!RequireProtected(cpu) || !RequireLevel0(cpu) || !OperandForm.Read(st, op, op->Destination, 2, out ulong value))
        {
            return;
        }

        ushort selector = (ushort)value;
        if (X86Cpu.IsNull(selector))
        {
            cpu.FaultProtection();
            return;
        }

        if (!ReadSystem(cpu, selector, out Descriptor descriptor, out ulong high))
        {
            return;
        }

        bool isTss = !descriptor.IsCodeOrData
            && (descriptor.Type == Descriptor.AvailableTss32 || (descriptor.Type == Descriptor.AvailableTss16 && !cpu.IsLongMode));
        if (!isTss)
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return;
        }

        if (!descriptor.IsPresent)
        {
            cpu.FaultSelector(ExceptionVector.SegmentNotPresent, selector);
            return;
        }

        var busy = new Descriptor(descriptor.Raw | (2UL << 40));
        if (cpu.FindDescriptor(selector, 8, out ulong linear) && MemoryAccess.WriteSystem(st, linear, 8, busy.Raw))
        {
            st->Tr = busy.ToSegment(selector);
            st->Tr.Base |= high << 32;
        }
    }

    /// <summary>#UD in real and virtual-8086 mode.</summary>
    internal static bool RequireProtected(X86Cpu cpu)
    {
        if (!cpu.IsProtected)
        {
            cpu.FaultUndefined();
            return false;
        }

        return true;
    }

    /// <summary>#GP(0) unless at CPL 0.</summary>
    internal static bool RequireLevel0(X86Cpu cpu)
    {
        if (cpu.State->Cpl != 0)
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }

    // In IA-32e mode system descriptors have 16 bytes.
    private static bool ReadSystem(X86Cpu cpu, ushort selector, out Descriptor descriptor, out ulong high)
    {
        high = 0;
        descriptor = default;
        if ((selector & 4) != 0)
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return false;
        }

        if (!cpu.ReadDescriptor(selector, ExceptionVector.GeneralProtection, 0, out descriptor)
            || (cpu.IsLongMode && !cpu.ReadDescriptorHigh(selector, ExceptionVector.GeneralProtection, 0, out high)))
        {
            return false;
        }

        high &= 0xffff_ffff;
        if (cpu.IsLongMode && !cpu.IsCanonical((high << 32) | descriptor.Base))
        {
            cpu.FaultSelector(ExceptionVector.GeneralProtection, selector);
            return false;
        }

        return true;
    }

    private static bool AllowStore(X86Cpu cpu)
        => (cpu.State->Cr4 & ControlBits.Cr4Umip) == 0 || RequireLevel0(cpu);

    private static void StoreWord(X86Cpu cpu, Op* op, ulong value)
    {
        if (OperandForm.IsMemory(op))
        {
            OperandForm.WriteMemory(cpu.State, op, 0, 2, value);
        }
        else
        {
            OperandForm.SetRegister(cpu.State, op->Destination, OperandForm.ByteCount(op), value);
        }
    }

    private static void Store(X86Cpu cpu, Op* op, ulong tableBase, uint limit)
    {
        X86State* st = cpu.State;
        int byteCount = st->CodeBits == 64 ? 10 : 6;
        if (!AllowStore(cpu))
        {
            return;
        }

        // Whatever the operand size, processors since the 80386 store all base bits.
        Span<byte> image = stackalloc byte[10];
        BinaryPrimitives.WriteUInt16LittleEndian(image, (ushort)limit);
        BinaryPrimitives.WriteUInt64LittleEndian(image[2..], tableBase);
        if (MemoryAccess.SegmentedAddress(st, op, byteCount, isWrite: true, out ulong linear))
        {
            MemoryAccess.WriteBytes(st, linear, image[..byteCount]);
        }
    }

    private static bool Load(X86Cpu cpu, Op* op, out ulong tableBase, out uint limit)
    {
        X86State* st = cpu.State;
        int byteCount = st->CodeBits == 64 ? 10 : 6;
        Span<byte> image = stackalloc byte[10];
        image.Clear();
        tableBase = 0;
        limit = 0;
        if (!RequireLevel0(cpu)
            || !MemoryAccess.SegmentedAddress(st, op, byteCount, isWrite: false, out ulong linear)
            || !MemoryAccess.ReadBytes(st, linear, image[..byteCount]))
        {
            return false;
        }

        limit = BinaryPrimitives.ReadUInt16LittleEndian(image);
        tableBase = BinaryPrimitives.ReadUInt64LittleEndian(image[2..]);
        if (st->CodeBits != 64 && OperandForm.ByteCount(op) == 2)
        {
            tableBase &= 0xff_ffff;
        }

        if (!cpu.IsCanonical(tableBase))
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }
}
