using System.Text;
using Sosia.Devices.Debug;
using Sosia.Devices.Dma8237;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Debug;

public sealed class DebugPortsTests
{
    private readonly TestBoard _board = new();

    [Fact]
    public void The_debug_console_passes_characters_and_identifies_itself()
    {
        var text = new StringBuilder();
        var console = new DebugConsolePort(value => text.Append((char)value));
        console.Map(_board.Ports, 0x402);
        console.Map(_board.Ports, 0xe9);
        _board.Out(0xe9, 'o');
        _board.Out(0x402, 'k');
        Assert.Equal("ok", text.ToString());
        Assert.Equal(0xe9, _board.In(0xe9));
    }

    [Fact]
    public void The_exit_port_makes_an_odd_status()
    {
        new DebugExitPort(_board).Map(_board.Ports, 0xf4);
        _board.Ports.Write(0xf4, 4, 0x10);
        _board.Ports.Write(0xf4, 1, 0);
        Assert.Equal([0x21, 1], _board.Exits);
    }

    [Fact]
    public void The_dma_flip_flop_orders_bytes_and_the_masks_read_back()
    {
        var dma = new DmaControllers(_board.Memory, _board.Log);
        dma.Map(_board.Ports);
        foreach ((int clear, int address, int mask, int allMask) in new[] { (0x0c, 0x02, 0x0a, 0x0f), (0xd8, 0xc4, 0xd4, 0xde) })
        {
            _board.Out(clear, 0);
            _board.Out(address, 0x34);
            _board.Out(address, 0x12);
            Assert.Equal(0x34, _board.In(address));
            _board.Out(clear, 0);
            Assert.Equal(0x34, _board.In(address));
            Assert.Equal(0x12, _board.In(address));
            _board.Out(mask, 0x02);
            Assert.Equal(0xfb, _board.In(allMask));
        }

        _board.Out(0x81, 0x5a);
        Assert.Equal(0x5a, _board.In(0x81));

        _board.Out(0x0c, 0);
        _board.Out(0x04, 0x78);         // half of an address
        using var board = new TestBoard();
        var copy = new DmaControllers(board.Memory, board.Log);
        copy.Map(board.Ports);
        TestBoard.Transfer(dma, copy);
        foreach (TestBoard each in new[] { _board, board })
        {
            each.Out(0x04, 0x56);
            Assert.Equal(0x78, each.In(0x04));
            Assert.Equal(0x56, each.In(0x04));
        }
    }

    [Fact]
    public void The_post_port_reads_back()
    {
        var post = new PostCodePort();
        post.Map(_board.Ports);
        _board.Out(0x80, 0xa5);
        Assert.Equal(0xa5, _board.In(0x80));
        Assert.Equal(0xa5, post.Code);
    }
}
