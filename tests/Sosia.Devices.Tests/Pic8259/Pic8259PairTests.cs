using Sosia.Devices.Pic8259;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Pic8259;

public sealed class Pic8259PairTests
{
    private readonly TestBoard _board = new();
    private readonly Pic8259Pair _pic;

    public Pic8259PairTests()
    {
        _pic = new Pic8259Pair(_board.Line(0));
        _pic.Map(_board.Ports);
        Initialize();
    }

    private bool Intr => _board.Irqs[0];

    private void Initialize(int icw4 = 0x01)
    {
        _board.Out(0x20, 0x11);
        _board.Out(0x21, 0x20);
        _board.Out(0x21, 0x04);
        _board.Out(0x21, icw4);
        _board.Out(0xa0, 0x11);
        _board.Out(0xa1, 0x28);
        _board.Out(0xa1, 0x02);
        _board.Out(0xa1, 0x01);
    }

    private byte ReadInService(int port)
    {
        _board.Out(port, 0x0b);
        return _board.In(port);
    }

    private byte ReadRequests(int port)
    {
        _board.Out(port, 0x0a);
        return _board.In(port);
    }

    [Fact]
    public void An_edge_requests_once_and_the_acknowledge_moves_it_into_service()
    {
        _pic.SetIrq(3, true);
        Assert.True(Intr);
        Assert.Equal(0x08, ReadRequests(0x20));
        Assert.Equal(0x23, _pic.AcknowledgeInterrupt());
        Assert.False(Intr);
        Assert.Equal(0x00, ReadRequests(0x20));
        Assert.Equal(0x08, ReadInService(0x20));
        _board.Out(0x20, 0x20);
        Assert.Equal(0, ReadInService(0x20));
        Assert.False(Intr);
    }

    [Fact]
    public void A_higher_priority_nests_and_a_lower_one_waits_for_the_end_of_interrupt()
    {
        _pic.SetIrq(4, true);
        Assert.Equal(0x24, _pic.AcknowledgeInterrupt());
        _pic.SetIrq(6, true);
        Assert.False(Intr);
        _pic.SetIrq(1, true);
        Assert.True(Intr);
        Assert.Equal(0x21, _pic.AcknowledgeInterrupt());
        _board.Out(0x20, 0x20);
        Assert.Equal(0x10, ReadInService(0x20));
        Assert.False(Intr);
        _board.Out(0x20, 0x20);
        Assert.Equal(0x26, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void The_slave_is_acknowledged_through_the_cascade()
    {
        _pic.SetIrq(12, true);
        Assert.True(Intr);
        Assert.Equal(0x2c, _pic.AcknowledgeInterrupt());
        Assert.Equal(0x04, ReadInService(0x20));
        Assert.Equal(0x10, ReadInService(0xa0));
    }

    [Fact]
    public void A_withdrawn_request_is_answered_with_the_spurious_level_7()
    {
        _pic.SetIrq(5, true);
        _pic.SetIrq(5, false);
        Assert.False(Intr);
        Assert.Equal(0x27, _pic.AcknowledgeInterrupt());
        Assert.Equal(0, ReadInService(0x20));
    }

    [Fact]
    public void A_slave_request_masked_before_the_acknowledge_withdraws_the_cascade()
    {
        _pic.SetIrq(9, true);
        Assert.Equal(0x04, ReadRequests(0x20));
        _board.Out(0xa1, 0xff);
        Assert.False(Intr);
        Assert.Equal(0x27, _pic.AcknowledgeInterrupt());
        Assert.Equal(0, ReadInService(0xa0));
    }

    [Fact]
    public void Level_triggered_inputs_request_again_while_they_are_high()
    {
        _board.Out(0x4d1, 0x02);
        Assert.Equal(0x02, _board.In(0x4d1));
        _pic.SetIrq(9, true);
        Assert.Equal(0x29, _pic.AcknowledgeInterrupt());
        _board.Out(0xa0, 0x20);
        _board.Out(0x20, 0x20);
        Assert.True(Intr);
        _pic.SetIrq(9, false);
        Assert.False(Intr);
    }

    [Fact]
    public void The_edge_level_registers_do_not_let_system_interrupts_be_level_triggered()
    {
        _board.Ports.Write(0x4d0, 2, 0xffff);
        Assert.Equal(0xdef8u, _board.Ports.Read(0x4d0, 2));
    }

    [Fact]
    public void Rotation_on_a_non_specific_end_makes_the_served_level_the_lowest()
    {
        _pic.SetIrq(3, true);
        _pic.AcknowledgeInterrupt();
        _board.Out(0x20, 0xa0);
        _pic.SetIrq(3, false);
        _pic.SetIrq(3, true);
        _pic.SetIrq(4, true);
        Assert.Equal(0x24, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Set_priority_and_specific_rotation_choose_the_lowest_level()
    {
        _board.Out(0x20, 0xc0 | 4);
        _pic.SetIrq(0, true);
        _pic.SetIrq(5, true);
        Assert.Equal(0x25, _pic.AcknowledgeInterrupt());
        _board.Out(0x20, 0xe0 | 5);
        _pic.SetIrq(6, true);
        Assert.Equal(0x26, _pic.AcknowledgeInterrupt());
        _board.Out(0x20, 0x60 | 6);
        Assert.Equal(0x20, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Special_mask_mode_lets_lower_levels_in_and_spares_masked_levels_at_the_end()
    {
        _pic.SetIrq(2 + 1, true);
        _pic.AcknowledgeInterrupt();
        _board.Out(0x21, 0x08);
        _board.Out(0x20, 0x68);
        _pic.SetIrq(7, true);
        Assert.True(Intr);
        Assert.Equal(0x27, _pic.AcknowledgeInterrupt());
        _board.Out(0x20, 0x20);
        Assert.Equal(0x08, ReadInService(0x20));
    }

    [Fact]
    public void Poll_mode_acknowledges_by_reading()
    {
        _board.Out(0x20, 0x0c);
        Assert.Equal(0x00, _board.In(0x20));
        _pic.SetIrq(6, true);
        _board.Out(0x20, 0x0c);
        Assert.Equal(0x86, _board.In(0x20));
        Assert.Equal(0x40, ReadInService(0x20));
        Assert.False(Intr);
    }

    [Fact]
    public void Automatic_end_of_interrupt_leaves_nothing_in_service_and_can_rotate()
    {
        Initialize(icw4: 0x03);
        _board.Out(0x20, 0x80);
        _pic.SetIrq(1, true);
        Assert.Equal(0x21, _pic.AcknowledgeInterrupt());
        Assert.Equal(0, ReadInService(0x20));
        _pic.SetIrq(1, false);
        _pic.SetIrq(1, true);
        _pic.SetIrq(5, true);
        Assert.Equal(0x25, _pic.AcknowledgeInterrupt());
        Assert.Equal(0x21, _pic.AcknowledgeInterrupt());
    }

    [Fact]
    public void Special_fully_nested_mode_lets_the_slave_interrupt_itself()
    {
        Initialize(icw4: 0x11);
        _pic.SetIrq(12, true);
        Assert.Equal(0x2c, _pic.AcknowledgeInterrupt());
        _pic.SetIrq(8, true);
        Assert.True(Intr);
        Assert.Equal(0x28, _pic.AcknowledgeInterrupt());
        _pic.SetIrq(5, true);
        Assert.False(Intr);
    }

    [Fact]
    public void Masked_levels_wait_and_the_mask_reads_back()
    {
        _board.Out(0x21, 0xfe);
        Assert.Equal(0xfe, _board.In(0x21));
        _pic.SetIrq(4, true);
        Assert.False(Intr);
        _board.Out(0x21, 0x00);
        Assert.True(Intr);
    }

    [Fact]
    public void Initialization_forgets_edges_and_masks()
    {
        _pic.SetIrq(4, true);
        _board.Out(0x21, 0xff);
        Initialize();
        Assert.Equal(0, _board.In(0x21));
        Assert.False(Intr);
        _pic.SetIrq(4, false);
        _pic.SetIrq(4, true);
        Assert.True(Intr);
    }

    [Fact]
    public void A_snapshot_between_the_initialization_words_and_in_service_is_unobservable()
    {
        _pic.SetIrq(10, true);
        _pic.SetIrq(1, true);
        Assert.Equal(0x21, _pic.AcknowledgeInterrupt());
        _board.Out(0xa0, 0x11);
        _board.Out(0xa1, 0x70);     // ICW2 given, ICW3 and ICW4 to come
        var board = new TestBoard();
        var copy = new Pic8259Pair(board.Line(0));
        copy.Map(board.Ports);
        TestBoard.Transfer(_pic, copy);
        board.Out(0xa1, 0x02);
        board.Out(0xa1, 0x01);
        board.Out(0x20, 0x20);
        Assert.False(board.Irqs[0]);
        copy.SetIrq(10, false);
        copy.SetIrq(10, true);
        Assert.True(board.Irqs[0]);
        Assert.Equal(0x72, copy.AcknowledgeInterrupt());
    }
}
