using Sosia.Core.Interrupts;
using Sosia.Devices.Chipset;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Chipset;

/// <summary>FERR# and port 0xF0.</summary>
public sealed class CoprocessorErrorPortTests
{
    private readonly TestBoard _board = new();

    [Fact]
    public void Ferr_holds_irq_13_until_port_f0_is_written()
    {
        CoprocessorErrorPort port = Create(_board);
        port.Irq.Set(true);
        port.Irq.Set(true);
        Assert.True(_board.Irqs[13]);
        Assert.Equal(1, _board.Irqs.Edges(13));
        Assert.Equal(0xff, _board.In(0xf0));
        Assert.True(_board.Irqs[13]);
        _board.Out(0xf0, 0);
        Assert.False(_board.Irqs[13]);
        port.Irq.Set(true);
        port.Reset();
        Assert.False(_board.Irqs[13]);
    }

    [Fact]
    public void A_restored_interrupt_can_still_be_released()
    {
        CoprocessorErrorPort port = Create(_board);
        port.Irq.Set(true);
        var other = new TestBoard();
        CoprocessorErrorPort copy = Create(other);
        TestBoard.Transfer(port, copy);
        Assert.True(copy.Irq.IsAsserted);
        other.Out(0xf0, 0);
        Assert.False(copy.Irq.IsAsserted);
    }

    private static CoprocessorErrorPort Create(TestBoard board)
    {
        var port = new CoprocessorErrorPort(new IrqLine(board.Irqs, 13));
        port.Map(board.Ports);
        return port;
    }
}
