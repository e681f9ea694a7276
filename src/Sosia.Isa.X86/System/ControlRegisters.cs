using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>MOV to and from control and debug registers, CLTS, INVLPG, INVPCID, cache control, XGETBV, XSETBV (SDM vol. 2).</summary>
internal static unsafe class ControlRegisters
{
    /// <summary>MOV r, CRn.</summary>
    public static void MoveFromCr(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!CheckCr(cpu, op->Third))
        {
            return;
        }

        ulong value = op->Third switch
        {
            0 => st->Cr0,
            2 => st->Cr2,
            3 => st->Cr3,
            4 => st->Cr4,
            _ => cpu.InterruptController?.TaskPriorityClass ?? 0,
        };
        OperandForm.SetRegister(st, op->Destination, RegisterByteCount(cpu), value);
    }

    /// <summary>MOV CRn, r.</summary>
    public static void MoveToCr(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!CheckCr(cpu, op->Third))
        {
            return;
        }

        ulong value = OperandForm.Register(st, op->Source, RegisterByteCount(cpu));
        switch (op->Third)
        {
            case 0:
                cpu.WriteCr0(value);
                break;
            case 2:
                st->Cr2 = value;
                break;
            case 3:
                cpu.WriteCr3(value);
                break;
            case 4:
                cpu.WriteCr4(value);
                break;
            default:
                WriteCr8(cpu, value);
                break;
        }
    }

    /// <summary>MOV r, DRn.</summary>
    public static void MoveFromDr(X86Cpu cpu, Op* op)
    {
        if (CheckDr(cpu, op->Third, out int number))
        {
            OperandForm.SetRegister(cpu.State, op->Destination, RegisterByteCount(cpu), cpu.State->Dr[number]);
        }
    }

    /// <summary>MOV DRn, r.</summary>
    public static void MoveToDr(X86Cpu cpu, Op* op)
    {
        if (!CheckDr(cpu, op->Third, out int number))
        {
            return;
        }

        ulong value = OperandForm.Register(cpu.State, op->Source, RegisterByteCount(cpu));
        if (number >= 6 && value > uint.MaxValue)
        {
            cpu.FaultProtection();
            return;
        }

        cpu.WriteDr(number, value);
    }

    /// <summary>CLTS.</summary>
    public static void Clts(X86Cpu cpu, Op* op)
    {
        if (DescriptorTables.RequireLevel0(cpu))
        {
            cpu.State->Cr0 &= ~ControlBits.Cr0Ts;
        }
    }

    /// <summary>INVLPG: the address is not checked against the segment; a non-canonical one does nothing.</summary>
    public static void Invlpg(X86Cpu cpu, Op* op)
    {
        if (!DescriptorTables.RequireLevel0(cpu))
        {
            return;
        }

        X86State* st = cpu.State;
        // SAFETY: the segment field is the offset of a segment register or of a pseudo-register that is zero.
        ulong linear = MemoryAccess.EffectiveAddress(st, op) + *(ulong*)((byte*)st + op->Segment);
        cpu.FlushPage(st->CodeBits == 64 ? linear : (uint)linear);
    }

    /// <summary>INVPCID.</summary>
    public static void Invpcid(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!DescriptorTables.RequireLevel0(cpu)
            || !OperandForm.ReadMemory(st, op, 0, 8, out ulong pcid) || !OperandForm.ReadMemory(st, op, 8, 8, out ulong linear))
        {
            return;
        }

        ulong type = OperandForm.Register(st, op->Destination, RegisterByteCount(cpu));
        bool hasPcids = (st->Cr4 & ControlBits.Cr4Pcide) != 0;
        bool isBad = type > 3 || pcid > 0xfff
            || (type <= 1 && pcid != 0 && !hasPcids)
            || (type == 0 && !cpu.IsCanonical(linear));
        if (isBad)
        {
            cpu.FaultProtection();
            return;
        }

        // Translations are not tagged with PCIDs: flushing those of all of them is always allowed.
        if (type == 0)
        {
            cpu.FlushPage(linear);
        }
        else
        {
            cpu.FlushTlb(keepGlobal: type != 2);
        }
    }

    /// <summary>INVD and WBINVD: there is no cache to lose or write back.</summary>
    public static void Wbinvd(X86Cpu cpu, Op* op) => DescriptorTables.RequireLevel0(cpu);

    /// <summary>XGETBV.</summary>
    public static void Xgetbv(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if ((st->Cr4 & ControlBits.Cr4Osxsave) == 0)
        {
            cpu.FaultUndefined();
            return;
        }

        // ECX = 1 asks which components are not in their initial state; CPUID announces it together with XSAVEC.
        uint register = (uint)st->Gpr[1];
        if (register > 1 || (register == 1 && !cpu.Model.Has(CpuFeature.Xsavec)))
        {
            cpu.FaultProtection();
            return;
        }

        ulong value = register == 0 ? st->Xcr0 : st->Xcr0 & ExtendedState.InUse(st);
        st->Gpr[0] = (uint)value;
        st->Gpr[2] = value >> 32;
    }

    /// <summary>XSETBV.</summary>
    public static void Xsetbv(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if ((st->Cr4 & ControlBits.Cr4Osxsave) == 0)
        {
            cpu.FaultUndefined();
            return;
        }

        ulong value = (uint)st->Gpr[0] | (st->Gpr[2] << 32);
        if (st->Cpl != 0 || (uint)st->Gpr[1] != 0 || !cpu.Model.AllowsXcr0(value))
        {
            cpu.FaultProtection();
            return;
        }

        st->Xcr0 = value;
    }

    // Control and debug register moves ignore the operand size.
    private static int RegisterByteCount(X86Cpu cpu) => cpu.State->CodeBits == 64 ? 8 : 4;

    private static bool CheckCr(X86Cpu cpu, int number)
    {
        bool exists = number is 0 or 2 or 3 or 4 || (number == 8 && cpu.State->CodeBits == 64);
        if (!exists)
        {
            cpu.FaultUndefined();
            return false;
        }

        return DescriptorTables.RequireLevel0(cpu);
    }

    private static bool CheckDr(X86Cpu cpu, int number, out int actual)
    {
        X86State* st = cpu.State;
        actual = number is 4 or 5 ? number + 2 : number;
        if (number > 7 || (number is 4 or 5 && (st->Cr4 & ControlBits.Cr4De) != 0))
        {
            cpu.FaultUndefined();
            return false;
        }

        if (!DescriptorTables.RequireLevel0(cpu))
        {
            return false;
        }

        if ((st->Dr[7] & ControlBits.Dr7Gd) != 0)
        {
            cpu.Fault(ExceptionVector.Debug);
            st->FaultAddress = ControlBits.Dr6Bd;
            return false;
        }

        return true;
    }

    private static void WriteCr8(X86Cpu cpu, ulong value)
    {
        if (value > 15)
        {
            cpu.FaultProtection();
            return;
        }

        if (cpu.InterruptController is { } controller)
        {
            controller.TaskPriorityClass = (byte)value;
        }
    }
}
