using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>Control and debug registers, EFER and mode changes: SDM vol. 3, 2.5 and 9.8.5; vol. 2, MOV to control registers.</summary>
public sealed unsafe class ControlRegisterTests
{
    [Theory]
    [InlineData(0x8000_0000UL, false)]
    [InlineData(0x2000_0001UL, false)]
    [InlineData(0x6000_0001UL, true)]
    [InlineData(0x1_0000_0001UL, false)]
    [InlineData(0x0000_0031UL, true)]
    public void CR0_values_are_checked(ulong value, bool allowed)
    {
        using var m = new TestMachine();
        m.EnterProtected();
        Assert.Equal(allowed, m.Cpu.WriteCr0(value));
        if (!allowed)
        {
            Assert.Equal(ExceptionVector.GeneralProtection, m.State->FaultVector);
        }
    }

    [Theory]
    [InlineData(1UL << 0)]
    [InlineData(1UL << 1)]
    [InlineData(1UL << 12)]
    [InlineData(1UL << 13)]
    [InlineData(1UL << 14)]
    [InlineData(1UL << 22)]
    [InlineData(1UL << 23)]
    [InlineData(1UL << 32)]
    [InlineData(1UL << 17)]
    public void CR4_bits_that_are_not_announced_or_not_allowed_now_fault(ulong bit)
    {
        using var m = new TestMachine();
        m.EnterProtected();
        Assert.False(m.Cpu.WriteCr4(bit));
        Assert.Equal(ExceptionVector.GeneralProtection, m.State->FaultVector);
        Assert.Equal(0UL, m.State->Cr4);
    }

    [Fact]
    public void Entering_and_leaving_long_mode_takes_the_manuals_steps()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.Write64(TestMachine.PageTables, (TestMachine.PageTables + 0x1000) | 7);
        m.Write64(TestMachine.PageTables + 0x1000, 0x87);
        m.State->Cr3 = TestMachine.PageTables;
        m.Write64(TestMachine.Gdt + TestMachine.KernelCode, TestMachine.Segment(0, 0xfffff, 0x9b, 0xa));
        // WRMSR EFER.LME, without PAE paging refuses.
        m.State->Gpr[1] = Msr.Efer;
        m.State->Gpr[0] = ControlBits.EferLme;
        m.State->Gpr[2] = 0;
        Assert.True(m.Execute(0x0f, 0x30));
        m.State->Gpr[0] = m.State->Cr0 | ControlBits.Cr0Pg;
        Assert.False(m.Execute(0x0f, 0x22, 0xc0));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.State->Gpr[3] = ControlBits.Cr4Pae;
        Assert.True(m.Execute(0x0f, 0x22, 0xe3));
        Assert.True(m.Execute(0x0f, 0x22, 0xc0));
        Assert.True(m.Cpu.IsLongMode);
        // Compatibility mode until a jump to a 64-bit segment.
        Assert.Equal(32, m.State->CodeBits);
        Assert.True(m.Execute(0xea, 0, 0, 2, 0, (byte)TestMachine.KernelCode, 0));
        Assert.Equal(64, m.State->CodeBits);
        // PAE cannot be cleared, LME cannot be changed, paging cannot be switched off from 64-bit code.
        m.State->Gpr[3] = 0;
        Assert.False(m.Execute(0x0f, 0x22, 0xe3));
        m.State->Gpr[0] = 0;
        Assert.False(m.Execute(0x0f, 0x30));
        m.State->Gpr[0] = m.State->Cr0 & ~ControlBits.Cr0Pg;
        Assert.False(m.Execute(0x0f, 0x22, 0xc0));
        // From compatibility mode it can.
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x9b, 0xc));
        m.Write32(0x5000, 0x2_0000);
        m.Write16(0x5004, TestMachine.FreeSlot);
        Assert.True(m.Execute(0xff, 0x2c, 0x25, 0, 0x50, 0, 0));
        Assert.Equal(32, m.State->CodeBits);
        m.State->Gpr[0] = m.State->Cr0 & ~ControlBits.Cr0Pg;
        Assert.True(m.Execute(0x0f, 0x22, 0xc0));
        Assert.False(m.Cpu.IsLongMode);
    }

    [Theory]
    [InlineData(0x0f, 0x20, 0xc8, 6)]
    [InlineData(0x0f, 0x20, 0xe8, 6)]
    [InlineData(0x0f, 0x22, 0xf8, 6)]
    [InlineData(0x0f, 0x20, 0xc0, -1)]
    public void Control_registers_that_do_not_exist_are_undefined(int b0, int b1, int b2, int vector)
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.Execute((byte)b0, (byte)b1, (byte)b2);
        Assert.Equal(vector, m.FaultVector);
    }

    [Theory]
    [InlineData(0x0f, 0x20, 0xc0)]
    [InlineData(0x0f, 0x22, 0xc0)]
    [InlineData(0x0f, 0x21, 0xc0)]
    [InlineData(0x0f, 0x23, 0xc0)]
    [InlineData(0x0f, 0x01, 0x38)]
    [InlineData(0x0f, 0x01, 0x10)]
    [InlineData(0x0f, 0x01, 0x18)]
    [InlineData(0x0f, 0x01, 0xf0)]
    [InlineData(0x0f, 0x00, 0xd0)]
    [InlineData(0x0f, 0x00, 0xd8)]
    [InlineData(0x0f, 0x01, 0xf8)]
    [InlineData(0x0f, 0x06, 0x90)]
    [InlineData(0x0f, 0x08, 0x90)]
    [InlineData(0x0f, 0x09, 0x90)]
    [InlineData(0x0f, 0x30, 0x90)]
    [InlineData(0x0f, 0x32, 0x90)]
    [InlineData(0xf4, 0x90, 0x90)]
    [InlineData(0xfa, 0x90, 0x90)]
    [InlineData(0xfb, 0x90, 0x90)]
    [InlineData(0x0f, 0x07, 0x90)]
    [InlineData(0x0f, 0x35, 0x90)]
    [InlineData(0x0f, 0x33, 0x90)]
    public void Privileged_instructions_fault_at_level_3(int b0, int b1, int b2)
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.EnterFlat(3, isLong: true);
        m.State->Gpr[0] = 0x5000;
        m.State->SysenterCs = 8;
        Assert.False(m.Execute((byte)b0, (byte)b1, (byte)b2));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal(0u, m.FaultErrorCode);
    }

    [Theory]
    [InlineData(0x0f, 0x01, 0x00)]
    [InlineData(0x0f, 0x01, 0x08)]
    [InlineData(0x0f, 0x01, 0xe0)]
    [InlineData(0x0f, 0x00, 0xc0)]
    [InlineData(0x0f, 0x00, 0xc8)]
    public void UMIP_hides_the_system_tables_from_level_3(int b0, int b1, int b2)
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.EnterFlat(3, isLong: true);
        m.State->Gpr[0] = 0x5000;
        Assert.True(m.Execute((byte)b0, (byte)b1, (byte)b2));
        m.State->Cr4 |= ControlBits.Cr4Umip;
        m.State->Gpr[0] = 0x5000;
        Assert.False(m.Execute((byte)b0, (byte)b1, (byte)b2));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.EnterFlat(0, isLong: true);
        m.State->Gpr[0] = 0x5000;
        Assert.True(m.Execute((byte)b0, (byte)b1, (byte)b2));
    }

    [Fact]
    public void SGDT_and_LGDT_move_ten_bytes_in_64_bit_code()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Gpr[0] = 0x5000;
        m.State->GdtrBase = 0xffff_8000_0000_1000;
        Assert.True(m.Execute(0x0f, 0x01, 0x00));
        Assert.Equal(0xff, m.Read16(0x5000));
        Assert.Equal(0xffff_8000_0000_1000UL, m.Read64(0x5002));
        m.Write64(0x5002, 0x1_8000_0000_0000);
        Assert.False(m.Execute(0x0f, 0x01, 0x10));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.Write64(0x5002, 0x1000);
        Assert.True(m.Execute(0x0f, 0x01, 0x10));
        Assert.Equal(0x1000UL, m.State->GdtrBase);
    }

    [Fact]
    public void LTR_marks_the_task_busy_and_refuses_a_busy_one()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0x3000, 0x67, 0x89));
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot + 8, 0xffff_ff00);
        m.State->Gpr[0] = TestMachine.FreeSlot;
        Assert.True(m.Execute(0x0f, 0x00, 0xd8));
        Assert.Equal(0xffff_ff00_0000_3000UL, m.State->Tr.Base);
        Assert.Equal(0x8bUL, (m.Read64(TestMachine.Gdt + TestMachine.FreeSlot) >> 40) & 0xff);
        Assert.False(m.Execute(0x0f, 0x00, 0xd8));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal(TestMachine.FreeSlot, m.FaultErrorCode);
    }

    [Theory]
    [InlineData(0x0008, true, 0xcf_9b00UL)]
    [InlineData(0x0023, true, 0xcf_f300UL)]
    [InlineData(0x0028, true, 0x00_8b00UL)]
    [InlineData(0x0000, false, 0UL)]
    [InlineData(0x0200, false, 0UL)]
    public void LAR_answers_in_ZF(int selector, bool found, ulong rights)
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.State->Gpr[0] = (ulong)selector;
        m.State->Gpr[3] = 0x77;
        Assert.True(m.Execute(0x0f, 0x02, 0xd8));
        Assert.Equal(found, (m.Cpu.Rflags & LazyFlags.Zf) != 0);
        Assert.Equal(found ? rights : 0x77UL, m.State->Gpr[3]);
    }

    [Theory]
    [InlineData(0x1b, 0x08, false)]
    [InlineData(0x23, 0x10, false)]
    [InlineData(0x23, 0x23, true)]
    public void VERW_and_LSL_respect_the_level(int cplSelector, int selector, bool found)
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.EnterFlat(cplSelector & 3, isLong: false);
        m.State->Gpr[0] = (ulong)selector;
        Assert.True(m.Execute(0x0f, 0x00, 0xe8));
        Assert.Equal(found, (m.Cpu.Rflags & LazyFlags.Zf) != 0);
        Assert.True(m.Execute(0x0f, 0x03, 0xd8));
        Assert.Equal(found, (m.Cpu.Rflags & LazyFlags.Zf) != 0);
        Assert.Equal(found ? uint.MaxValue : 0UL, m.State->Gpr[3]);
    }

    [Theory]
    [InlineData(Msr.Lstar, 0x8000_0000_0000UL, false)]
    [InlineData(Msr.Lstar, 0xffff_8000_0000_0000UL, true)]
    [InlineData(Msr.FsBase, 0x8000_0000_0000UL, false)]
    [InlineData(Msr.KernelGsBase, 0x8000_0000_0000UL, false)]
    [InlineData(Msr.SysenterEip, 0x8000_0000_0000UL, false)]
    [InlineData(Msr.Pat, 0x0007_0406_0007_0402UL, false)]
    [InlineData(Msr.Pat, 0x0107_0406_0007_0401UL, true)]
    [InlineData(Msr.MtrrDefType, 0xc06UL, true)]
    [InlineData(Msr.MtrrDefType, 0xc02UL, false)]
    [InlineData(Msr.MtrrVariableFirst + 1, 0xff_c000_0800UL, true)]
    [InlineData(Msr.MtrrVariableFirst + 1, 0x1ff_c000_0800UL, false)]
    [InlineData(0x250u, 0x0606_0606_0606_0606UL, true)]
    [InlineData(0x250u, 0x0606_0606_0606_0607UL, false)]
    [InlineData(Msr.Efer, 2UL, false)]
    [InlineData(Msr.TscAux, 0x1_0000_0000UL, false)]
    [InlineData(Msr.ArchCapabilities, 0UL, false)]
    [InlineData(Msr.ApicBase, 0UL, false)]
    [InlineData(Msr.MachineCheckCap, 0UL, false)]
    [InlineData(Msr.MachineCheckStatus, 7UL, true)]
    [InlineData(Msr.MachineCheckStatus, 0x10UL, false)]
    [InlineData(Msr.MachineCheckControl, ulong.MaxValue, true)]
    [InlineData(Msr.MachineCheckBanksFirst, ulong.MaxValue, true)]
    [InlineData(Msr.MachineCheckBanksFirst + 36, 5UL, true)]
    [InlineData(Msr.MachineCheckBanksFirst + 37, 0UL, true)]
    [InlineData(Msr.MachineCheckBanksFirst + 37, 1UL, false)]
    [InlineData(Msr.MachineCheckBanksFirst + 38, 1UL, false)]
    [InlineData(Msr.MachineCheckBanksFirst + 39, 1UL, false)]
    [InlineData(Msr.MachineCheckBanksFirst + 40, 0UL, false)]
    [InlineData(0x1234_5678u, 0UL, false)]
    public void MSR_writes_are_checked(uint index, ulong value, bool allowed)
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.State->Gpr[1] = index;
        m.State->Gpr[0] = (uint)value;
        m.State->Gpr[2] = value >> 32;
        Assert.Equal(allowed, m.Execute(0x0f, 0x30));
        Assert.Equal(allowed ? -1 : ExceptionVector.GeneralProtection, m.FaultVector);
        if (allowed)
        {
            m.State->Gpr[0] = 0;
            m.State->Gpr[2] = 0;
            Assert.True(m.Execute(0x0f, 0x32));
            Assert.Equal(value, m.State->Gpr[0] | (m.State->Gpr[2] << 32));
        }
    }

    [Fact]
    public void Machine_checks_are_announced_with_their_banks_and_CR4_MCE_can_be_set()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        const uint MceAndMca = (1 << 7) | (1 << 14);
        Assert.Equal(MceAndMca, CpuidModel.Query(m.Cpu, 1, 0).Edx & MceAndMca);
        Assert.True(m.Cpu.WriteCr4(ControlBits.Cr4Mce));
        Assert.True(m.Cpu.TryReadMsr(Msr.MachineCheckCap, out ulong cap));
        Assert.Equal((1UL << 8) | X86Cpu.MachineCheckBankCount, cap);
    }

    [Fact]
    public void The_time_stamp_counter_can_be_set()
    {
        using var m = new TestMachine();
        Assert.True(m.Cpu.TryWriteMsr(Msr.TimeStampCounter, 1000));
        Assert.True(m.Execute(0x0f, 0x31));
        Assert.Equal(1000UL, m.State->Gpr[0]);
        // One instruction is 8 ns under the deterministic clock, and the counter ticks at 1 GHz.
        Assert.True(m.Execute(0x0f, 0x31));
        Assert.Equal(1008UL, m.State->Gpr[0]);
    }

    [Fact]
    public void SYSCALL_and_SYSRET_use_their_registers()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Star = (0x08UL << 32) | (0x10UL << 48);
        m.State->Lstar = 0x4_0000;
        m.State->Fmask = ControlBits.If | ControlBits.Df;
        m.EnterFlat(3, isLong: true);
        m.State->SystemFlags |= ControlBits.If;
        Assert.True(m.Execute(0x0f, 0x05));
        Assert.Equal(0x4_0000UL, m.State->Rip);
        Assert.Equal(0x2_0002UL, m.State->Gpr[1]);
        Assert.Equal(0x202UL, m.State->Gpr[11]);
        Assert.Equal(2UL, m.Cpu.Rflags);
        Assert.Equal(0, m.State->Cpl);
        Assert.Equal(0x08, m.State->Cs.Selector);
        Assert.Equal(0x10, m.State->Ss.Selector);
        Assert.True(m.Execute(0x48, 0x0f, 0x07));
        Assert.Equal(3, m.State->Cpl);
        Assert.Equal(0x23, m.State->Cs.Selector);
        Assert.Equal(0x1b, m.State->Ss.Selector);
        Assert.Equal(0x2_0002UL, m.State->Rip);
        Assert.Equal(64, m.State->CodeBits);
        Assert.Equal(0x202UL, m.Cpu.Rflags);
    }

    [Fact]
    public void SYSRET_that_sets_TF_traps_at_once_and_not_after_the_next_instruction()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Star = (0x08UL << 32) | (0x10UL << 48);
        m.State->Gpr[1] = 0x3_0000;
        m.State->Gpr[11] = 0x102;
        Assert.True(m.Execute(0x48, 0x0f, 0x07));
        Assert.Equal(0x3_0000UL, m.State->Rip);
        Assert.Equal(ControlBits.Dr6Bs, m.State->PendingDebugBits);
        Assert.NotEqual(0, m.State->PendingEvents & (int)PendingEvent.DebugTrap);
    }

    [Fact]
    public void SYSRET_to_a_non_canonical_address_faults_in_the_kernel()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Gpr[1] = 0x8000_0000_0000;
        Assert.False(m.Execute(0x48, 0x0f, 0x07));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal(0, m.State->Cpl);
    }

    [Fact]
    public void SYSCALL_is_undefined_without_SCE_and_outside_64_bit_mode()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Efer &= ~ControlBits.EferSce;
        Assert.False(m.Execute(0x0f, 0x05));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
        m.State->Efer |= ControlBits.EferSce;
        m.EnterFlat(3, isLong: false);
        Assert.False(m.Execute(0x0f, 0x05));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    [Fact]
    public void SYSENTER_and_SYSEXIT_in_protected_mode()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.EnterFlat(3, isLong: false);
        Assert.False(m.Execute(0x0f, 0x34));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.State->SysenterCs = 8;
        m.State->SysenterEsp = 0x7800;
        m.State->SysenterEip = 0x4_0000;
        m.State->SystemFlags |= ControlBits.If;
        Assert.True(m.Execute(0x0f, 0x34));
        Assert.Equal(0x4_0000UL, m.State->Rip);
        Assert.Equal(0x7800UL, m.State->Gpr[4]);
        Assert.Equal(0, m.State->Cpl);
        Assert.Equal(0UL, m.State->SystemFlags & ControlBits.If);
        m.State->Gpr[1] = 0x5000;
        m.State->Gpr[2] = 0x3_0000;
        Assert.True(m.Execute(0x0f, 0x35));
        Assert.Equal(3, m.State->Cpl);
        Assert.Equal(0x1b, m.State->Cs.Selector);
        Assert.Equal(0x23, m.State->Ss.Selector);
        Assert.Equal(0x5000UL, m.State->Gpr[4]);
        Assert.Equal(0x3_0000UL, m.State->Rip);
    }

    [Fact]
    public void POPF_at_level_3_keeps_IF_and_IOPL()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.EnterFlat(3, isLong: false);
        m.Write32(0x6000, 0x0024_3ed7);
        Assert.True(m.Execute(0x9d));
        Assert.Equal(0x0024_0cd7UL, m.Cpu.Rflags);
        m.EnterFlat(0, isLong: false);
        m.Write32(0x7000, 0x0024_3ed7);
        Assert.True(m.Execute(0x9d));
        Assert.Equal(0x0024_3ed7UL, m.Cpu.Rflags);
        // PUSHF shows neither VM nor RF.
        m.State->SystemFlags |= ControlBits.Rf;
        Assert.True(m.Execute(0x9c));
        Assert.Equal(0x0024_3ed7u, m.Read32(0x7000));
    }

    [Fact]
    public void XSETBV_demands_x87_and_SSE_for_AVX()
    {
        using var m = new TestMachine();
        m.EnterLong();
        Assert.False(m.Execute(0x0f, 0x01, 0xd1));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
        m.State->Cr4 |= ControlBits.Cr4Osxsave;
        foreach ((ulong value, bool allowed) in new[] { (3UL, true), (1UL, true), (2UL, false), (5UL, false), (8UL, false), (0UL, false) })
        {
            m.State->Gpr[0] = value;
            m.State->Gpr[1] = 0;
            m.State->Gpr[2] = 0;
            Assert.Equal(allowed, m.Execute(0x0f, 0x01, 0xd1));
        }

        Assert.Equal(1UL, m.State->Xcr0);
    }

    [Fact]
    public void INVPCID_checks_its_descriptor()
    {
        using var m = new TestMachine();
        m.EnterLong();
        byte[] invpcid = [0x66, 0x0f, 0x38, 0x82, 0x04, 0x25, 0x00, 0x50, 0, 0];
        foreach ((ulong type, ulong pcid, ulong linear, bool allowed) in new[]
        {
            (0UL, 0UL, 0x5000UL, true), (0UL, 0UL, 0x8000_0000_0000UL, false), (0UL, 1UL, 0UL, false), (1UL, 1UL, 0UL, false),
            (2UL, 1UL, 0UL, true), (3UL, 0UL, 0UL, true), (4UL, 0UL, 0UL, false), (2UL, 0x1000UL, 0UL, false),
        })
        {
            m.Write64(0x5000, pcid);
            m.Write64(0x5008, linear);
            m.State->Gpr[0] = type;
            Assert.Equal(allowed, m.Execute(invpcid));
        }
    }
}
