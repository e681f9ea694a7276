using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>Far jumps, calls and returns, gates and task switches: SDM vol. 3, 5.8 and chapter 7.</summary>
public sealed unsafe class FarTransferTests
{
    private const uint NewTss = 0x3800;

    [Theory]
    [InlineData(0x0000, 13, 0u)]
    [InlineData(0x0010, 13, 0x10u)]
    [InlineData(0x001b, 13, 0x18u)]
    [InlineData(0x0200, 13, 0x200u)]
    [InlineData(0x0040, 11, 0x40u)]
    [InlineData(0x0008, -1, 0u)]
    public void JMP_checks_its_code_segment(int selector, int vector, uint error)
    {
        using TestMachine m = Kernel();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x1b, 0xc));
        m.Execute(0xea, 0x78, 0x56, 0x34, 0x02, (byte)selector, (byte)(selector >> 8));
        Assert.Equal(vector, m.FaultVector);
        Assert.Equal(error, m.FaultErrorCode);
        Assert.Equal(vector < 0 ? 0x0234_5678UL : 0x2_0000UL, m.State->Rip);
    }

    [Fact]
    public void A_conforming_segment_keeps_the_level()
    {
        using TestMachine m = Kernel();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x9e, 0xc));
        m.EnterFlat(3, isLong: false);
        Assert.True(m.Execute(0xea, 0, 1, 0, 0, (byte)TestMachine.FreeSlot, 0));
        Assert.Equal(TestMachine.FreeSlot | 3, m.State->Cs.Selector);
        Assert.Equal(3, m.State->Cpl);
        // The accessed bit went to memory.
        Assert.Equal(0x9fUL, (m.Read64(TestMachine.Gdt + TestMachine.FreeSlot) >> 40) & 0xff);
    }

    [Fact]
    public void A_target_beyond_the_limit_faults()
    {
        using TestMachine m = Kernel();
        Assert.False(m.Execute(0xea, 0, 0, 1, 0, (byte)TestMachine.KernelCode16, 0));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal(0u, m.FaultErrorCode);
        Assert.True(m.Execute(0xea, 0xff, 0xff, 0, 0, (byte)TestMachine.KernelCode16, 0));
        Assert.Equal(16, m.State->CodeBits);
    }

    [Fact]
    public void A_call_gate_switches_stacks_copies_parameters_and_returns()
    {
        using TestMachine m = Kernel();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Gate(TestMachine.KernelCode, 0x4_0000, 0xec, parameters: 2));
        m.EnterFlat(3, isLong: false);
        m.State->Gpr[4] = 0x5ff8;
        m.Write32(0x5ff8, 0xaaaa);
        m.Write32(0x5ffc, 0xbbbb);
        Assert.True(m.Execute(0x9a, 0, 0, 0, 0, TestMachine.FreeSlot | 3, 0));
        Assert.Equal(0, m.State->Cpl);
        Assert.Equal(0x4_0000UL, m.State->Rip);
        Assert.Equal(0x8000UL - 24, m.State->Gpr[4]);
        Assert.Equal(0x2_0007u, m.Read32(0x7fe8));
        Assert.Equal((uint)TestMachine.UserCode, m.Read32(0x7fec));
        Assert.Equal(0xaaaau, m.Read32(0x7ff0));
        Assert.Equal(0xbbbbu, m.Read32(0x7ff4));
        Assert.Equal(0x5ff8u, m.Read32(0x7ff8));
        Assert.Equal((uint)TestMachine.UserData, m.Read32(0x7ffc));
        m.State->Ds = m.State->Ss;
        Assert.True(m.Execute(0xca, 8, 0));
        Assert.Equal(3, m.State->Cpl);
        Assert.Equal(0x2_0007UL, m.State->Rip);
        Assert.Equal(0x6000UL, m.State->Gpr[4]);
        // A level-0 data segment does not survive the return.
        Assert.False(m.State->Ds.IsPresent);
    }

    [Theory]
    [InlineData(0x8c, 13, 0x40u)]
    [InlineData(0x6c, 11, 0x40u)]
    public void A_call_gate_is_checked(int access, int vector, uint error)
    {
        using TestMachine m = Kernel();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Gate(TestMachine.KernelCode, 0x4_0000, access));
        m.EnterFlat(3, isLong: false);
        Assert.False(m.Execute(0x9a, 0, 0, 0, 0, TestMachine.FreeSlot | 3, 0));
        Assert.Equal(vector, m.FaultVector);
        Assert.Equal(error, m.FaultErrorCode);
    }

    [Fact]
    public void A_64_bit_call_gate_takes_RSP0_and_a_null_SS()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Gate(TestMachine.KernelCode, 0x4_0000, 0xec));
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot + 8, 0);
        m.EnterFlat(3, isLong: true);
        m.Write32(0x5000, 0);
        m.Write16(0x5004, TestMachine.FreeSlot | 3);
        Assert.True(m.Execute(0xff, 0x1c, 0x25, 0, 0x50, 0, 0));
        Assert.Equal(0x4_0000UL, m.State->Rip);
        Assert.Equal(0x8000UL - 32, m.State->Gpr[4]);
        Assert.Equal(0, m.State->Ss.Selector);
        Assert.Equal((ulong)TestMachine.UserData, m.Read64(0x7ff8));
        Assert.True(m.Execute(0x48, 0xcb));
        Assert.Equal(3, m.State->Cpl);
        Assert.Equal(0x6000UL, m.State->Gpr[4]);
    }

    [Fact]
    public void JMP_to_a_TSS_switches_tasks_and_moves_the_busy_bit()
    {
        using TestMachine m = Tasks();
        m.State->Gpr[0] = 0x1111;
        m.State->Rip = 0x2_0000;
        Assert.True(m.Execute(0xea, 0, 0, 0, 0, (byte)TestMachine.FreeSlot, 0));
        Assert.Equal(0x6_0000UL, m.State->Rip);
        Assert.Equal(0x9999UL, m.State->Gpr[0]);
        Assert.Equal(TestMachine.FreeSlot, m.State->Tr.Selector);
        Assert.NotEqual(0UL, m.State->Cr0 & ControlBits.Cr0Ts);
        Assert.Equal(0x8bUL, Access(m, TestMachine.FreeSlot));
        Assert.Equal(0x89UL, Access(m, TestMachine.TaskState));
        // The old task's state is saved.
        Assert.Equal(0x2_0007u, m.Read32(TestMachine.Tss + 32));
        Assert.Equal(0x1111u, m.Read32(TestMachine.Tss + 40));
        Assert.Equal(0UL, m.Cpu.Rflags & ControlBits.Nt);
    }

    [Fact]
    public void CALL_nests_a_task_and_IRET_goes_back()
    {
        using TestMachine m = Tasks();
        Assert.True(m.Execute(0x9a, 0, 0, 0, 0, (byte)TestMachine.FreeSlot, 0));
        Assert.Equal(TestMachine.TaskState, m.Read16(NewTss));
        Assert.NotEqual(0UL, m.Cpu.Rflags & ControlBits.Nt);
        Assert.Equal(0x8bUL, Access(m, TestMachine.FreeSlot));
        Assert.Equal(0x8bUL, Access(m, TestMachine.TaskState));
        Assert.True(m.Execute(0xcf));
        Assert.Equal(0x2_0007UL, m.State->Rip);
        Assert.Equal(0x89UL, Access(m, TestMachine.FreeSlot));
        Assert.Equal(TestMachine.TaskState, m.State->Tr.Selector);
        Assert.Equal(0u, m.Read32(NewTss + 36) & 0x4000);
    }

    [Fact]
    public void A_task_gate_in_the_IDT_pushes_the_error_code_on_the_new_stack()
    {
        using TestMachine m = Tasks();
        m.Write64(TestMachine.Idt + (8 * 13), TestMachine.Gate(TestMachine.FreeSlot, 0, 0x85));
        m.Cpu.Fault(ExceptionVector.GeneralProtection, 0x77);
        Assert.True(m.Cpu.DeliverFault());
        Assert.Equal(0x6_0000UL, m.State->Rip);
        Assert.Equal(0x77u, m.Read32(0x9ffc));
        Assert.Equal(0x9ffcUL, m.State->Gpr[4]);
        Assert.Equal(TestMachine.TaskState, m.Read16(NewTss));
    }

    [Fact]
    public void A_busy_task_cannot_be_entered()
    {
        using TestMachine m = Tasks();
        Assert.False(m.Execute(0xea, 0, 0, 0, 0, (byte)TestMachine.TaskState, 0));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal(TestMachine.TaskState, m.FaultErrorCode);
    }

    [Fact]
    public void A_fault_after_the_switch_belongs_to_the_new_task()
    {
        using TestMachine m = Tasks();
        m.Write16(NewTss + 84, 0x200);
        Assert.False(m.Execute(0xea, 0, 0, 0, 0, (byte)TestMachine.FreeSlot, 0));
        Assert.Equal(ExceptionVector.InvalidTss, m.FaultVector);
        Assert.Equal(0x200u, m.FaultErrorCode);
        Assert.Equal(TestMachine.FreeSlot, m.State->Tr.Selector);
        Assert.True(m.Cpu.DeliverFault());
        Assert.Equal(0x5000UL + (16 * 10), m.State->Rip);
        // The pushed address is the new task's.
        Assert.Equal(0x6_0000u, m.Read32((uint)m.State->Gpr[4] + 4));
    }

    [Fact]
    public void A_short_TSS_faults_before_anything_changes()
    {
        using TestMachine m = Tasks();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(NewTss, 0x66, 0x89));
        Assert.False(m.Execute(0xea, 0, 0, 0, 0, (byte)TestMachine.FreeSlot, 0));
        Assert.Equal(ExceptionVector.InvalidTss, m.FaultVector);
        Assert.Equal(TestMachine.FreeSlot, m.FaultErrorCode);
        Assert.Equal(TestMachine.TaskState, m.State->Tr.Selector);
    }

    [Fact]
    public void The_T_bit_raises_a_debug_trap_in_the_new_task()
    {
        using TestMachine m = Tasks();
        m.Write16(NewTss + 100, 1);
        Assert.True(m.Execute(0xea, 0, 0, 0, 0, (byte)TestMachine.FreeSlot, 0));
        m.Cpu.ServiceEvents();
        Assert.Equal(0x5010UL, m.State->Rip);
        Assert.NotEqual(0UL, m.State->Dr[6] & ControlBits.Dr6Bt);
    }

    [Theory]
    [InlineData(0x0000, 13, 0u)]
    [InlineData(0x0013, 13, 0x10u)]
    [InlineData(0x0018, 13, 0x18u)]
    [InlineData(0x0008, 13, 0x08u)]
    [InlineData(0x0040, 12, 0x40u)]
    [InlineData(0x0010, -1, 0u)]
    public void Loading_SS_is_checked(int selector, int vector, uint error)
    {
        using TestMachine m = Kernel();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x13, 0xc));
        m.State->Gpr[0] = (ulong)selector;
        m.Execute(0x8e, 0xd0);
        Assert.Equal(vector, m.FaultVector);
        Assert.Equal(error, m.FaultErrorCode);
    }

    [Theory]
    [InlineData(0x0003, -1, 0u)]
    [InlineData(0x0010, 13, 0x10u)]
    [InlineData(0x0028, 13, 0x28u)]
    [InlineData(0x0023, -1, 0u)]
    [InlineData(0x001b, -1, 0u)]
    [InlineData(0x0043, 11, 0x40u)]
    [InlineData(0x000c, 13, 0x0cu)]
    public void Loading_DS_at_level_3_is_checked(int selector, int vector, uint error)
    {
        using TestMachine m = Kernel();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x73, 0xc));
        m.EnterFlat(3, isLong: false);
        m.State->Gpr[0] = (ulong)selector;
        m.Execute(0x8e, 0xd8);
        Assert.Equal(vector, m.FaultVector);
        Assert.Equal(error, m.FaultErrorCode);
        if (vector < 0)
        {
            Assert.Equal(selector, m.State->Ds.Selector);
        }
    }

    [Fact]
    public void Loading_CS_by_MOV_is_undefined()
    {
        using TestMachine m = Kernel();
        Assert.False(m.Execute(0x8e, 0xc8));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    [Fact]
    public void Unreal_mode_keeps_the_cached_limit()
    {
        using var m = new TestMachine();
        m.State->Ds.Limit = uint.MaxValue;
        m.State->Gpr[0] = 0x1234;
        Assert.True(m.Execute(0x8e, 0xd8));
        Assert.Equal(uint.MaxValue, m.State->Ds.Limit);
        Assert.Equal(0x1_2340UL, m.State->Ds.Base);
        Assert.Equal(1UL << 32, m.State->Ds.WriteEnd);
    }

    private static ulong Access(TestMachine m, ushort selector) => (m.Read64(TestMachine.Gdt + selector) >> 40) & 0xff;

    private static TestMachine Kernel()
    {
        var m = new TestMachine();
        m.EnterProtected();
        return m;
    }

    private static TestMachine Tasks()
    {
        TestMachine m = Kernel();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(NewTss, 0x67, 0x89));
        m.Write32(NewTss + 32, 0x6_0000);
        m.Write32(NewTss + 36, 2);
        m.Write32(NewTss + 40, 0x9999);
        m.Write32(NewTss + 56, 0xa000);
        m.Write16(NewTss + 72, TestMachine.KernelData);
        m.Write16(NewTss + 76, TestMachine.KernelCode);
        m.Write16(NewTss + 80, TestMachine.KernelData);
        m.Write16(NewTss + 84, TestMachine.KernelData);
        return m;
    }
}
