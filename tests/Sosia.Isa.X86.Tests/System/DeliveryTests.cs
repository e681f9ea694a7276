using Sosia.Core.Interrupts;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>Exceptions and interrupts through the tables of every mode: SDM vol. 3, chapter 6.</summary>
public sealed unsafe class DeliveryTests
{
    [Fact]
    public void Real_mode_pushes_three_words_and_clears_IF_and_TF()
    {
        using TestMachine m = Real();
        m.Write32(0x21 * 4, 0x1234_5678);
        m.State->SystemFlags |= ControlBits.If;
        m.State->Gpr[4] = 0x1000;
        Assert.True(m.Execute(0xcd, 0x21));
        Assert.Equal(0x5678UL, m.State->Rip);
        Assert.Equal(0x1234, m.State->Cs.Selector);
        Assert.Equal(0x1_2340UL, m.State->Cs.Base);
        Assert.Equal(0xffaUL, m.State->Gpr[4]);
        Assert.Equal(0x102, m.Read16(0xffa));
        Assert.Equal(0, m.Read16(0xffc));
        Assert.Equal(0x202, m.Read16(0xffe));
        Assert.Equal(0UL, m.State->SystemFlags & ControlBits.If);
        Assert.True(m.Execute(0xcf));
        Assert.Equal(0x102UL, m.State->Rip);
        Assert.Equal(0x202UL, m.Cpu.Rflags);
        Assert.Equal(0x1000UL, m.State->Gpr[4]);
    }

    [Fact]
    public void Real_mode_with_a_short_table_ends_in_shutdown_with_the_chain_recorded()
    {
        using TestMachine m = Real();
        m.State->IdtrLimit = 3;
        Assert.False(m.Execute(0xcd, 0x21));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.False(m.Cpu.DeliverFault());
        Assert.Equal(1, m.State->ShutDown);
        Assert.Equal(BoundaryAction.ShutDown, m.Cpu.ServiceEvents());
        Assert.Equal(3, m.Cpu.FaultChain.Length);
        Assert.Equal(ExceptionVector.GeneralProtection, m.Cpu.FaultChain[0].Vector);
        Assert.Equal(0x100UL, m.Cpu.FaultChain[0].Rip);
    }

    [Fact]
    public void Protected_mode_pushes_the_error_code_of_a_fault_at_the_same_level()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.State->SystemFlags |= ControlBits.If | ControlBits.Nt;
        m.Cpu.Fault(ExceptionVector.GeneralProtection, 0x1234);
        Assert.True(m.Cpu.DeliverFault());
        Assert.Equal(0x5000UL + (13 * 16), m.State->Rip);
        Assert.Equal(0x7000UL - 16, m.State->Gpr[4]);
        Assert.Equal(0x1234u, m.Read32(0x6ff0));
        Assert.Equal(0x2_0000u, m.Read32(0x6ff4));
        Assert.Equal(8u, m.Read32(0x6ff8));
        // A fault's image has RF set; the handler runs without NT and IF.
        Assert.Equal(0x1_4202u, m.Read32(0x6ffc));
        Assert.Equal(2UL, m.Cpu.Rflags);
    }

    [Fact]
    public void An_inner_level_takes_its_stack_from_the_TSS()
    {
        using TestMachine m = User();
        m.Cpu.Fault(ExceptionVector.DivideError);
        Assert.True(m.Cpu.DeliverFault());
        Assert.Equal(0, m.State->Cpl);
        Assert.Equal(TestMachine.KernelCode, m.State->Cs.Selector);
        Assert.Equal(TestMachine.KernelData, m.State->Ss.Selector);
        Assert.Equal(0x8000UL - 20, m.State->Gpr[4]);
        Assert.Equal(0x2_0000u, m.Read32(0x7fec));
        Assert.Equal((uint)TestMachine.UserCode, m.Read32(0x7ff0));
        Assert.Equal(0x6000u, m.Read32(0x7ff8));
        Assert.Equal((uint)TestMachine.UserData, m.Read32(0x7ffc));
    }

    [Theory]
    [InlineData(0x8e, 13, (0x80 << 3) | 2)]
    [InlineData(0xee, -1, 0)]
    [InlineData(0x6e, 11, (0x80 << 3) | 2)]
    [InlineData(0xe4, 13, (0x80 << 3) | 2)]
    public void INT_n_checks_the_gate(int access, int vector, int error)
    {
        using TestMachine m = User();
        m.Write64(TestMachine.Idt + (0x80 * 8), TestMachine.Gate(TestMachine.KernelCode, 0x5800, access));
        m.Execute(0xcd, 0x80);
        Assert.Equal(vector, m.FaultVector);
        Assert.Equal((uint)error, m.FaultErrorCode);
        if (vector < 0)
        {
            Assert.Equal(0x5800UL, m.State->Rip);
            Assert.Equal(0x2_0002u, m.Read32(0x7fec));
        }
    }

    [Fact]
    public void An_external_interrupt_ignores_the_gates_level_and_sets_EXT()
    {
        using TestMachine m = User();
        Assert.True(m.Cpu.DeliverInterrupt(0x80, EventKind.External));
        Assert.Equal(0x5800UL, m.State->Rip);
        m.EnterFlat(3, isLong: false);
        m.Write64(TestMachine.Idt + (0x80 * 8), TestMachine.Gate(TestMachine.KernelCode, 0x5800, 0x0e));
        Assert.True(m.Cpu.DeliverInterrupt(0x80, EventKind.External));
        Assert.Equal(0x5000UL + (11 * 16), m.State->Rip);
        Assert.Equal((0x80u << 3) | 3, m.Read32((uint)m.State->Gpr[4]));
    }

    [Theory]
    [InlineData(0, 13, 1u)]
    [InlineData(0x10, 13, 0x11u)]
    [InlineData(0x1b, 13, 0x19u)]
    [InlineData(0x108, 13, 0x109u)]
    public void A_gates_code_segment_is_checked(int selector, int vector, uint error)
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.Write64(TestMachine.Idt + (3 * 8), TestMachine.Gate((ushort)selector, 0x5000, 0x8e));
        Assert.True(m.Cpu.DeliverInterrupt(3, EventKind.External));
        Assert.Equal((ulong)(0x5000 + (16 * vector)), m.State->Rip);
        Assert.Equal(error, m.Read32((uint)m.State->Gpr[4]));
    }

    [Theory]
    [InlineData(0, 10, 1u)]
    [InlineData(0x13, 10, 0x11u)]
    [InlineData(0x08, 10, 0x09u)]
    [InlineData(0x40, 12, 0x41u)]
    [InlineData(0x200, 10, 0x201u)]
    public void The_inner_stack_segment_is_checked(int selector, int vector, uint error)
    {
        using TestMachine m = User();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x13, 0xc));
        m.Write16(TestMachine.Tss + 8, (ushort)selector);
        m.Cpu.DeliverInterrupt(0x80, EventKind.External);
        Assert.Equal(vector, m.Cpu.FaultChain[0].Vector);
        Assert.Equal(error, m.Cpu.FaultChain[0].ErrorCode);
    }

    [Theory]
    [InlineData(13, 13, true)]
    [InlineData(0, 11, true)]
    [InlineData(14, 13, true)]
    [InlineData(14, 14, true)]
    [InlineData(13, 14, false)]
    [InlineData(6, 13, false)]
    [InlineData(6, 14, false)]
    public void Double_faults_follow_the_classes(int first, int second, bool isDouble)
    {
        using var m = new TestMachine();
        m.EnterLong();
        // The second fault arises from the first one's gate: not a gate (#GP), not present (#NP), or a handler table page that is missing.
        uint at = TestMachine.Idt + (uint)(first * 16);
        switch (second)
        {
            case 11:
                m.Write64(at, TestMachine.Gate(TestMachine.KernelCode, 0x5000, 0x0e));
                break;
            case 13:
                m.Write64(at, 0);
                break;
            default:
                // An interrupt stack that is not mapped.
                m.Write64(at, TestMachine.Gate(TestMachine.KernelCode, (uint)(0x5000 + (16 * first)), 0x8e, parameters: 2));
                m.Write64(TestMachine.Tss + 44, 0x4_0000_0000);
                break;
        }

        m.State->FaultAddress = 0x123;
        m.Cpu.Fault((byte)first, 0);
        Assert.True(m.Cpu.DeliverFault() || first == second);
        int expected = isDouble ? 8 : second;
        // A fault that repeats its own vector cannot be delivered by it either, only as #DF.
        Assert.Equal((ulong)(0x5000 + (16 * expected)), m.State->Rip);
    }

    [Fact]
    public void A_page_fault_sets_CR2_on_delivery()
    {
        using var m = new TestMachine();
        m.EnterLong();
        Assert.False(m.Execute(0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0x70));
        Assert.Equal(ExceptionVector.PageFault, m.FaultVector);
        Assert.Equal(0UL, m.State->Cr2);
        Assert.True(m.Cpu.DeliverFault());
        Assert.Equal(0x7000_0000UL, m.State->Cr2);
        Assert.Equal(0x5000UL + (14 * 16), m.State->Rip);
    }

    [Fact]
    public void Long_mode_aligns_the_stack_and_pushes_SS_at_the_same_level()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Gpr[4] = 0x700c;
        m.Cpu.Fault(ExceptionVector.GeneralProtection, 0x55);
        Assert.True(m.Cpu.DeliverFault());
        Assert.Equal(0x7000UL - 48, m.State->Gpr[4]);
        Assert.Equal(0x55UL, m.Read64(0x6fd0));
        Assert.Equal(0x2_0000UL, m.Read64(0x6fd8));
        Assert.Equal(0x700cUL, m.Read64(0x6ff0));
        Assert.Equal((ulong)TestMachine.KernelData, m.Read64(0x6ff8));
    }

    [Fact]
    public void Long_mode_from_user_uses_RSP0_or_the_gates_interrupt_stack_and_a_null_SS()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.EnterFlat(3, isLong: true);
        Assert.True(m.Cpu.DeliverInterrupt(0x30, EventKind.External));
        Assert.Equal(0x8000UL - 40, m.State->Gpr[4]);
        Assert.Equal(0, m.State->Ss.Selector);
        Assert.Equal(0, m.State->Cpl);
        m.EnterFlat(3, isLong: true);
        m.Write64(TestMachine.Idt + (0x30 * 16), TestMachine.Gate(TestMachine.KernelCode, 0x5300, 0x8e, parameters: 1));
        Assert.True(m.Cpu.DeliverInterrupt(0x30, EventKind.External));
        Assert.Equal(0x9000UL - 40, m.State->Gpr[4]);
        // And back.
        Assert.True(m.Execute(0x48, 0xcf));
        Assert.Equal(3, m.State->Cpl);
        Assert.Equal(0x6000UL, m.State->Gpr[4]);
        Assert.Equal(TestMachine.UserData, m.State->Ss.Selector);
    }

    [Fact]
    public void Long_mode_refuses_a_handler_that_is_not_64_bit_code()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x9b, 0xc));
        m.Write64(TestMachine.Idt + (0x30 * 16), TestMachine.Gate(TestMachine.FreeSlot, 0x5300, 0x8e));
        Assert.True(m.Cpu.DeliverInterrupt(0x30, EventKind.External));
        Assert.Equal(0x5000UL + (13 * 16), m.State->Rip);
        Assert.Equal(TestMachine.FreeSlot | 1UL, m.Read64(m.State->Gpr[4]));
    }

    [Fact]
    public void Virtual_8086_interrupts_push_and_null_the_data_segments()
    {
        using TestMachine m = Virtual();
        m.State->SystemFlags |= ControlBits.Iopl;
        m.Write64(TestMachine.Idt + (0x21 * 8), TestMachine.Gate(TestMachine.KernelCode, 0x5210, 0xee));
        Assert.True(m.Execute(0xcd, 0x21));
        Assert.Equal(0x8000UL - 36, m.State->Gpr[4]);
        Assert.Equal(0x555u, m.Read32(0x7ffc));
        Assert.Equal(0x444u, m.Read32(0x7ff8));
        Assert.Equal(0x333u, m.Read32(0x7ff4));
        Assert.Equal(0x222u, m.Read32(0x7ff0));
        Assert.Equal(0x100u, m.Read32(0x7fec));
        Assert.Equal(0x111u, m.Read32(0x7fe8));
        Assert.False(m.State->Ds.IsPresent);
        Assert.False(m.Cpu.IsVirtual8086);
        Assert.Equal(0, m.State->Cpl);
        Assert.Equal(32, m.State->CodeBits);
        // IRETD goes back into the virtual machine.
        Assert.True(m.Execute(0xcf));
        Assert.True(m.Cpu.IsVirtual8086);
        Assert.Equal(3, m.State->Cpl);
        Assert.Equal(0x333, m.State->Ds.Selector);
        Assert.Equal(0x3330UL, m.State->Ds.Base);
        Assert.Equal(16, m.State->CodeBits);
    }

    [Theory]
    [InlineData(0xcd, 0x21)]
    [InlineData(0x9c, 0x90)]
    [InlineData(0x9d, 0x90)]
    [InlineData(0xcf, 0x90)]
    [InlineData(0xfa, 0x90)]
    [InlineData(0xfb, 0x90)]
    public void Virtual_8086_instructions_below_IOPL_3_fault(int opcode, int next)
    {
        using TestMachine m = Virtual();
        Assert.False(m.Execute((byte)opcode, (byte)next));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal(0u, m.FaultErrorCode);
    }

    // Linux's sigreturn test showed it.
    [Fact]
    public void IRET_to_an_outer_level_loses_the_RPL_of_null_selectors()
    {
        using TestMachine m = User();
        m.Cpu.SetSignal(CpuSignal.NonMaskableInterrupt, asserted: true);
        m.Cpu.ServiceEvents();
        Assert.Equal(0, m.State->Cpl);
        for (ushort selector = 1; selector < 4; selector++)
        {
            m.State->Gpr[0] = selector;
            // mov ds, es or fs, eax
            Assert.True(m.Execute(0x8e, (byte)(selector switch { 1 => 0xd8, 2 => 0xc0, _ => 0xe0 })));
        }

        Assert.Equal(3, m.State->Fs.Selector);
        m.State->Fs.Base = 0x1234;
        Assert.True(m.Execute(0xcf));
        Assert.Equal(3, m.State->Cpl);
        Assert.Equal(0, m.State->Ds.Selector);
        Assert.Equal(0, m.State->Es.Selector);
        Assert.Equal(0, m.State->Fs.Selector);
        Assert.Equal(0x1234UL, m.State->Fs.Base);
    }

    [Fact]
    public void NMI_is_blocked_until_IRET()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.Write(0x5020, 0x90, 0xcf);
        m.Cpu.SetSignal(CpuSignal.NonMaskableInterrupt, asserted: true);
        m.Step();
        Assert.Equal(0x5021UL, m.State->Rip);
        m.Cpu.SetSignal(CpuSignal.NonMaskableInterrupt, asserted: true);
        m.Step();
        Assert.Equal(0x2_0000UL, m.State->Rip);
        m.Step();
        Assert.Equal(0x5021UL, m.State->Rip);
    }

    private static TestMachine Real()
    {
        var m = new TestMachine();
        SegmentRegister zero = m.State->Ds;
        m.State->Cs = zero;
        m.State->Rip = 0x100;
        m.State->IdtrLimit = 0x3ff;
        m.Cpu.UpdateMode();
        return m;
    }

    private static TestMachine User()
    {
        var m = new TestMachine();
        m.EnterProtected();
        m.EnterFlat(3, isLong: false);
        return m;
    }

    private static TestMachine Virtual()
    {
        TestMachine m = User();
        X86State* st = m.State;
        st->SystemFlags |= ControlBits.Vm;
        m.Cpu.LoadSegment(0, 0x222);
        m.Cpu.LoadSegment(3, 0x333);
        m.Cpu.LoadSegment(4, 0x444);
        m.Cpu.LoadSegment(5, 0x555);
        m.Cpu.LoadSegment(2, 0x100);
        m.Cpu.LoadRealSegment(ref st->Cs, 0x1000);
        st->Rip = 0x10;
        st->Gpr[4] = 0x111;
        m.Cpu.UpdateMode();
        return m;
    }
}
