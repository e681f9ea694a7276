using Sosia.Core.Interrupts;
using Sosia.Devices.Apic;
using Sosia.Devices.Common;
using Sosia.Devices.Pic8259;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Apic;

public sealed class ApicTests
{
    private const ulong Base = LocalApic.DefaultBase;

    private readonly TestBoard _board = new();
    private readonly FakeCpu[] _cpus = [new(), new(), new()];
    private readonly LocalApic[] _apics = new LocalApic[3];
    private readonly ApicBus _bus;
    private readonly IoApic _ioApic;
    private readonly Pic8259Pair _pic;
    private readonly GsiRouter _gsi;
    private long _timeStampOffset;

    public ApicTests()
    {
        _bus = new ApicBus(_board.Memory, _board.Log);
        for (byte i = 0; i < 3; i++)
        {
            _apics[i] = new LocalApic(i, _cpus[i], _bus, _board.Clock, () => _timeStampOffset, _board.Log, isBootstrap: i == 0);
        }

        _ioApic = new IoApic(_bus, _board.Log);
        _ioApic.Map(_board.Memory);
        _pic = new Pic8259Pair(new IrqLine(_bus, ApicBus.ExternalInterruptInput));
        _pic.Map(_board.Ports);
        _bus.ExternalInterrupts = _pic;
        _gsi = new GsiRouter(_pic, _ioApic);
    }

    private uint Read(int register) => (uint)_board.Memory.Read(Base + (ulong)register, 4);

    private void Write(int register, uint value) => _board.Memory.Write(Base + (ulong)register, 4, value);

    private void WriteIoApic(int register, uint value)
    {
        _board.Memory.Write(IoApic.DefaultBase, 4, (uint)register);
        _board.Memory.Write(IoApic.DefaultBase + 0x10, 4, value);
    }

    private uint ReadIoApic(int register)
    {
        _board.Memory.Write(IoApic.DefaultBase, 4, (uint)register);
        return (uint)_board.Memory.Read(IoApic.DefaultBase + 0x10, 4);
    }

    private void Route(int input, uint low, byte destination = 0)
    {
        WriteIoApic(0x11 + (2 * input), (uint)destination << 24);
        WriteIoApic(0x10 + (2 * input), low);
    }

    private void EnableAll()
    {
        for (int i = 0; i < 3; i++)
        {
            _bus.CurrentProcessor = i;
            Write(0xf0, 0x1ff);
        }

        _bus.CurrentProcessor = 0;
    }

    private void InitializePic()
    {
        foreach ((int port, int value) in new[] { (0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 1), (0xa0, 0x11), (0xa1, 0x28), (0xa1, 2), (0xa1, 1) })
        {
            _board.Out(port, value);
        }
    }

    [Fact]
    public void Power_on_values_are_those_of_the_manual()
    {
        Assert.Equal(0xfee00900ul, _apics[0].BaseRegister);
        Assert.Equal(0xfee00800ul, _apics[1].BaseRegister);
        Assert.Equal(0x00050014u, Read(0x30));
        Assert.Equal(0xffffffffu, Read(0xe0));
        Assert.Equal(0xffu, Read(0xf0));
        foreach (int lvt in new[] { 0x320, 0x330, 0x340, 0x350, 0x360, 0x370 })
        {
            Assert.Equal(0x10000u, Read(lvt));
        }

        _bus.CurrentProcessor = 2;
        Assert.Equal(2u << 24, Read(0x20));
    }

    [Fact]
    public void Vectors_are_taken_in_order_of_priority_and_nest_by_class()
    {
        EnableAll();
        Write(0x310, 0);
        Write(0x300, 0x4041);
        Write(0x300, 0x4043);
        Assert.True(_cpus[0].Interrupt);
        Assert.Equal(0x43, _apics[0].AcknowledgeInterrupt());
        Assert.False(_cpus[0].Interrupt);
        Assert.Equal(0x40u, Read(0xa0));
        Write(0x300, 0x4051);
        Assert.True(_cpus[0].Interrupt);
        Assert.Equal(0x51, _apics[0].AcknowledgeInterrupt());
        Write(0xb0, 0);
        Write(0xb0, 0);
        Assert.Equal(0x41, _apics[0].AcknowledgeInterrupt());
    }

    [Fact]
    public void The_task_priority_holds_interrupts_back()
    {
        EnableAll();
        _apics[0].TaskPriorityClass = 5;
        Assert.Equal(0x50u, Read(0x80));
        Write(0x300, 0x4055);
        Assert.False(_cpus[0].Interrupt);
        Assert.Equal(-1, _apics[0].AcknowledgeInterrupt());
        _apics[0].TaskPriorityClass = 4;
        Assert.True(_cpus[0].Interrupt);
        Assert.Equal(1u << 0x15, Read(0x200 + 0x20));
    }

    [Fact]
    public void Software_disabled_masks_the_local_vector_table_and_refuses_vectors()
    {
        Write(0x350, 0x700);
        Assert.Equal(0x10700u, Read(0x350));
        Write(0xf0, 0x1ff);
        Write(0x350, 0x700);
        Assert.Equal(0x700u, Read(0x350));
        Write(0xf0, 0xff);
        Assert.Equal(0x10700u, Read(0x350));
        Write(0x300, 0x4055);
        Assert.False(_cpus[0].Interrupt);
    }

    [Fact]
    public void Shorthands_reach_self_all_and_all_others()
    {
        EnableAll();
        Write(0x300, 0x4_4060);
        Assert.Equal([true, false, false], System.Array.ConvertAll(_cpus, c => c.Interrupt));
        Write(0x300, 0xc_4061);
        Assert.Equal(0x60, _apics[0].AcknowledgeInterrupt());
        Assert.Equal(0x61, _apics[1].AcknowledgeInterrupt());
        Assert.Equal(0x61, _apics[2].AcknowledgeInterrupt());
        Write(0x300, 0x8_4072);
        Assert.Equal(0x72, _apics[0].AcknowledgeInterrupt());
        Assert.Equal(0x72, _apics[1].AcknowledgeInterrupt());
    }

    [Fact]
    public void Init_startup_and_nmi_reach_the_addressed_processor()
    {
        Write(0x310, 1u << 24);
        Write(0x300, 0xc500);
        Write(0x300, 0x8500);
        Write(0x300, 0x4612);
        Write(0x300, 0x4400);
        Assert.Equal(1, _cpus[1].Inits);
        Assert.Equal([0x12], _cpus[1].Startups);
        Assert.Equal(1, _cpus[1].NonMaskable);
        Assert.Equal(0, _cpus[2].Inits);
    }

    [Fact]
    public void Logical_destinations_match_in_flat_and_cluster_model()
    {
        EnableAll();
        for (int i = 0; i < 3; i++)
        {
            _bus.CurrentProcessor = i;
            Write(0xd0, 1u << (24 + i));
        }

        _bus.CurrentProcessor = 0;
        Write(0x310, 0x06u << 24);
        Write(0x300, 0x4860);
        Assert.Equal([false, true, true], System.Array.ConvertAll(_cpus, c => c.Interrupt));
        _apics[1].AcknowledgeInterrupt();
        _apics[2].AcknowledgeInterrupt();
        for (int i = 0; i < 3; i++)
        {
            _bus.CurrentProcessor = i;
            Write(0xe0, 0x0fffffff);
            Write(0xd0, (uint)((i == 2 ? 0x21 : 0x10 | (1 << i)) << 24));
        }

        _bus.CurrentProcessor = 0;
        Write(0x310, 0x21u << 24);
        Write(0x300, 0x4870);
        Assert.Equal([false, false, true], System.Array.ConvertAll(_cpus, c => c.Interrupt));
        Write(0x310, 0xf2u << 24);
        Write(0x300, 0x4870);
        Assert.Equal([false, true, true], System.Array.ConvertAll(_cpus, c => c.Interrupt));
    }

    [Fact]
    public void Lowest_priority_goes_to_the_least_busy_processor()
    {
        EnableAll();
        _apics[0].TaskPriorityClass = 3;
        _apics[1].TaskPriorityClass = 1;
        _apics[2].TaskPriorityClass = 2;
        _bus.DeliverMessage(0xfeeff000, 0x0160);
        Assert.Equal([false, true, false], System.Array.ConvertAll(_cpus, c => c.Interrupt));
    }

    [Fact]
    public void Illegal_vectors_set_the_error_status_and_raise_the_error_interrupt()
    {
        EnableAll();
        Write(0x370, 0x77);
        Write(0x300, 0x4_4005);
        Assert.Equal(0u, Read(0x280));
        Write(0x280, 0);
        Assert.Equal(0x20u, Read(0x280));
        Assert.Equal(0x77, _apics[0].AcknowledgeInterrupt());
        Write(0x280, 0);
        Assert.Equal(0u, Read(0x280));
        _bus.DeliverMessage(0xfee00000, 0x0003);
        Write(0x280, 0);
        Assert.Equal(0x40u, Read(0x280));
    }

    [Fact]
    public void The_one_shot_timer_counts_down_at_the_divided_bus_clock()
    {
        EnableAll();
        Write(0x3e0, 0x3);          // by 16
        Write(0x320, 0x31);
        Write(0x380, 1000);
        _board.Advance(1600);
        Assert.Equal(900u, Read(0x390));
        _board.Advance(14_399);
        Assert.False(_cpus[0].Interrupt);
        _board.Advance(1);
        Assert.Equal(0x31, _apics[0].AcknowledgeInterrupt());
        Assert.Equal(0u, Read(0x390));
        _board.Advance(100_000);
        Assert.False(_cpus[0].Interrupt);
    }

    [Fact]
    public void The_periodic_timer_repeats_and_keeps_its_phase()
    {
        EnableAll();
        Write(0x3e0, 0xb);          // by 1
        Write(0x320, 0x2_0031);
        Write(0x380, 1000);
        for (int i = 1; i <= 5; i++)
        {
            _board.AdvanceTo(i * 1000);
            Assert.Equal(0x31, _apics[0].AcknowledgeInterrupt());
            Write(0xb0, 0);
        }

        _board.Advance(300);
        Assert.Equal(700u, Read(0x390));
    }

    [Fact]
    public void The_deadline_timer_follows_the_time_stamp_counter()
    {
        EnableAll();
        _timeStampOffset = 500_000;
        Write(0x320, 0x4_0031);
        _apics[0].TimerDeadline = 510_000;
        Assert.Equal(510_000ul, _apics[0].TimerDeadline);
        _board.Advance(9_999);
        Assert.False(_cpus[0].Interrupt);
        _board.Advance(1);
        Assert.True(_cpus[0].Interrupt);
        Assert.Equal(0ul, _apics[0].TimerDeadline);
        _apics[0].AcknowledgeInterrupt();
        Write(0xb0, 0);
        _apics[0].TimerDeadline = 600_000;
        _timeStampOffset = 0;
        _apics[0].TimeStampOffsetChanged();
        _board.AdvanceTo(599_999);
        Assert.False(_cpus[0].Interrupt);
        _board.Advance(1);
        Assert.True(_cpus[0].Interrupt);
        Write(0x380, 100);
        Assert.Equal(0u, Read(0x380));
        _apics[0].TimerDeadline = 700_000;
        Write(0x320, 0x31);
        Assert.Equal(0ul, _apics[0].TimerDeadline);
    }

    [Fact]
    public void X2Apic_registers_are_reached_by_number_and_check_their_values()
    {
        Assert.False(_apics[1].TryReadRegister(0x02, out _));
        Assert.True(_apics[1].TrySetBaseRegister(0xfee00c00));
        Assert.True(_apics[1].TryReadRegister(0x02, out ulong id));
        Assert.Equal(1ul, id);
        Assert.True(_apics[1].TryReadRegister(0x0d, out ulong logical));
        Assert.Equal(2ul, logical);
        Assert.False(_apics[1].TryReadRegister(0x0e, out _));
        Assert.False(_apics[1].TryReadRegister(0x31, out _));
        Assert.False(_apics[1].TryReadRegister(0x0b, out _));
        Assert.False(_apics[1].TryWriteRegister(0x0b, 1));
        Assert.False(_apics[1].TryWriteRegister(0x02, 1));
        Assert.False(_apics[1].TryWriteRegister(0x0f, 0x1_0000));
        Assert.False(_apics[1].TryWriteRegister(0x08, 0x100));
        Assert.True(_apics[1].TryWriteRegister(0x0f, 0x1ff));
        Assert.True(_apics[1].TryWriteRegister(0x3f, 0x55));
        Assert.Equal(0x55, _apics[1].AcknowledgeInterrupt());
        Assert.True(_apics[1].TryWriteRegister(0x0b, 0));
        Write(0xf0, 0x1ff);
        Assert.True(_apics[1].TryWriteRegister(0x30, 0x4066));
        Assert.Equal(0x66, _apics[0].AcknowledgeInterrupt());
        _bus.CurrentProcessor = 1;
        Assert.Equal(0xffffffffu, Read(0x20));
    }

    [Fact]
    public void X2Apic_logical_destinations_name_cluster_and_member()
    {
        foreach (LocalApic apic in _apics)
        {
            Assert.True(apic.TrySetBaseRegister(apic.BaseRegister | 0xc00));
            Assert.True(apic.TryWriteRegister(0x0f, 0x1ff));
        }

        Assert.True(_apics[0].TryWriteRegister(0x30, (0x00000006ul << 32) | 0x4860));
        Assert.Equal([false, true, true], System.Array.ConvertAll(_cpus, c => c.Interrupt));
        Assert.True(_apics[0].TryWriteRegister(0x30, (0x00010001ul << 32) | 0x4860));
        Assert.False(_cpus[0].Interrupt);
    }

    [Fact]
    public void The_base_register_refuses_illegal_transitions()
    {
        LocalApic apic = _apics[0];
        Assert.False(apic.TrySetBaseRegister(0xfee00501));
        Assert.False(apic.TrySetBaseRegister(0xfee00500));
        Assert.False(apic.TrySetBaseRegister(1ul << 50));
        Assert.True(apic.TrySetBaseRegister(0xfee00d00));
        Assert.False(apic.TrySetBaseRegister(0xfee00900));
        Assert.True(apic.TrySetBaseRegister(0xfee00100));
        Assert.False(apic.TrySetBaseRegister(0xfee00d00));
        Assert.True(apic.TrySetBaseRegister(0xfee00900));
    }

    [Fact]
    public void The_register_page_moves_with_the_base_register()
    {
        Assert.True(_apics[0].TrySetBaseRegister(0xd0000900));
        Assert.Equal(0x00050014ul, _board.Memory.Read(0xd0000030, 4));
        Assert.Equal(0xfffffffful, _board.Memory.Read(Base + 0x30, 4));
        _bus.CurrentProcessor = 1;
        Assert.Equal(0x00050014u, Read(0x30));
    }

    [Fact]
    public void Globally_disabled_the_pic_is_wired_to_the_processor()
    {
        InitializePic();
        Assert.True(_apics[0].TrySetBaseRegister(0xfee00100));
        _gsi.SetIrq(4, true);
        Assert.True(_cpus[0].Interrupt);
        Assert.Equal(0x24, _apics[0].AcknowledgeInterrupt());
        Assert.False(_cpus[0].Interrupt);
        _bus.SetIrq(ApicBus.NonMaskableInput, true);
        Assert.Equal(1, _cpus[0].NonMaskable);
    }

    [Fact]
    public void Virtual_wire_mode_passes_the_pic_through_lint0_until_it_is_masked()
    {
        InitializePic();
        _apics[0].EnableVirtualWire();
        _gsi.SetIrq(4, true);
        Assert.True(_cpus[0].Interrupt);
        Write(0x350, 0x10700);
        Assert.False(_cpus[0].Interrupt);
        Write(0x350, 0x700);
        Assert.Equal(0x24, _apics[0].AcknowledgeInterrupt());
        Assert.Equal(0u, Read(0x110));
    }

    [Fact]
    public void An_edge_input_sends_once_and_a_masked_edge_is_lost()
    {
        EnableAll();
        Route(5, 0x1_0045);
        _gsi.SetIrq(5, true);
        Route(5, 0x0045);
        Assert.False(_cpus[0].Interrupt);
        _gsi.SetIrq(5, false);
        _gsi.SetIrq(5, true);
        Assert.Equal(0x45, _apics[0].AcknowledgeInterrupt());
        Write(0xb0, 0);
        Assert.False(_cpus[0].Interrupt);
    }

    [Fact]
    public void A_level_input_is_sent_again_at_the_end_of_interrupt_while_it_is_asserted()
    {
        EnableAll();
        Route(11, 0x8055, destination: 1);
        _gsi.SetIrq(11, true);
        Assert.Equal(0xc055u, ReadIoApic(0x10 + 22));
        Assert.Equal(0x55, _apics[1].AcknowledgeInterrupt());
        _bus.CurrentProcessor = 1;
        Assert.Equal(1u << 0x15, Read(0x180 + 0x20));
        Write(0xb0, 0);
        Assert.True(_cpus[1].Interrupt);
        Assert.Equal(0x55, _apics[1].AcknowledgeInterrupt());
        _gsi.SetIrq(11, false);
        Write(0xb0, 0);
        Assert.False(_cpus[1].Interrupt);
        Assert.Equal(0x8055u, ReadIoApic(0x10 + 22));
    }

    [Fact]
    public void The_eoi_register_ends_a_level_interrupt()
    {
        EnableAll();
        Assert.Equal(0x00170020u, ReadIoApic(1));
        Route(11, 0x8055);
        _gsi.SetIrq(11, true);
        _gsi.SetIrq(11, false);
        _board.Memory.Write(IoApic.DefaultBase + 0x40, 4, 0x55);
        Assert.Equal(0x8055u, ReadIoApic(0x10 + 22));
    }

    [Fact]
    public void Wires_that_share_an_input_are_ored_and_the_timer_reaches_input_2()
    {
        EnableAll();
        Route(9, 0x8049);
        var first = new IrqLine(_gsi, 9);
        var second = new IrqLine(_gsi, 9);
        first.Set(true);
        second.Set(true);
        first.Set(false);
        Assert.Equal(0x49, _apics[0].AcknowledgeInterrupt());
        Write(0xb0, 0);
        Assert.True(_cpus[0].Interrupt);
        second.Set(false);
        Assert.Equal(0x49, _apics[0].AcknowledgeInterrupt());
        Write(0xb0, 0);
        Assert.False(_cpus[0].Interrupt);
        Route(2, 0x0030);
        _gsi.SetIrq(0, true);
        Assert.Equal(0x30, _apics[0].AcknowledgeInterrupt());
    }

    [Fact]
    public void An_external_interrupt_message_is_answered_by_the_pic()
    {
        EnableAll();
        InitializePic();
        Route(0, 0x0700);
        _pic.SetIrq(3, true);
        _ioApic.SetIrq(0, true);
        Assert.True(_cpus[0].Interrupt);
        Assert.Equal(0x23, _apics[0].AcknowledgeInterrupt());
        Assert.False(_cpus[0].Interrupt);
    }

    [Fact]
    public void Init_keeps_id_and_base_and_clears_the_rest()
    {
        EnableAll();
        Write(0x20, 7u << 24);
        Write(0x300, 0x4_4060);
        _apics[0].CpuInitialized();
        Assert.Equal(7u << 24, Read(0x20));
        Assert.Equal(0xffu, Read(0xf0));
        Assert.False(_cpus[0].Interrupt);
    }

    [Fact]
    public void A_snapshot_with_interrupts_in_service_and_a_running_timer_is_unobservable()
    {
        EnableAll();
        Route(11, 0x8055);
        _gsi.SetIrq(11, true);
        _apics[0].AcknowledgeInterrupt();
        Write(0x300, 0x4_4031);
        Write(0x3e0, 0xb);
        Write(0x320, 0x2_0071);
        Write(0x380, 1000);
        _board.Advance(1400);

        var other = new ApicTests();
        other._board.Clock.AdvanceTo(_board.Clock.NowNanoseconds);
        for (int i = 0; i < 3; i++)
        {
            TestBoard.Transfer(_apics[i], other._apics[i]);
        }

        TestBoard.Transfer(_ioApic, other._ioApic);
        TestBoard.Transfer(_pic, other._pic);
        TestBoard.Transfer(_gsi, other._gsi);
        foreach (ApicTests each in new[] { this, other })
        {
            Assert.Equal(600u, each.Read(0x390));
            Assert.Equal(0x71, each._apics[0].AcknowledgeInterrupt());
            each._board.Advance(600);
            each.Write(0xb0, 0);
            Assert.Equal(0x71, each._apics[0].AcknowledgeInterrupt());
            each.Write(0xb0, 0);
            each.Write(0xb0, 0);    // the level interrupt: still asserted, comes again
            Assert.Equal(0x55, each._apics[0].AcknowledgeInterrupt());
            each._gsi.SetIrq(11, false);
            each.Write(0xb0, 0);
            Assert.Equal(0x31, each._apics[0].AcknowledgeInterrupt());
            each.Write(0xb0, 0);
            Assert.False(each._cpus[0].Interrupt);
        }
    }
}
