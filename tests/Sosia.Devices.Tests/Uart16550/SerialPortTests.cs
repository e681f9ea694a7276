using System;
using System.Collections.Generic;
using Sosia.Devices.Tests.Support;
using Sosia.Devices.Uart16550;
using Xunit;

namespace Sosia.Devices.Tests.Uart16550;

public sealed class SerialPortTests
{
    private readonly TestBoard _board = new();
    private readonly RecordingBackend _backend = new();
    private readonly SerialPort _uart;

    public SerialPortTests()
    {
        _uart = new SerialPort("uart0", _board.Clock, _board.Line(4), _backend);
        _uart.Map(_board.Ports, SerialPort.Com1);
    }

    private bool Irq => _board.Irqs[4];

    private int In(int register) => _board.In(SerialPort.Com1 + register);

    private void Out(int register, int value) => _board.Out(SerialPort.Com1 + register, value);

    private void EnableInterrupts(int mask)
    {
        Out(4, 0x0b);
        Out(1, mask);
    }

    [Fact]
    public void Reset_values_are_those_of_the_data_sheet()
    {
        Assert.Equal([0x00, 0x01, 0x00, 0x00, 0x60, 0xb0], Array.ConvertAll([1, 2, 3, 4, 5, 6], In));
    }

    [Fact]
    public void Characters_are_transmitted_and_the_empty_interrupt_comes_back()
    {
        EnableInterrupts(2);
        Assert.True(Irq);
        Assert.Equal(0x02, In(2));
        Assert.Equal(0x01, In(2));
        Assert.False(Irq);
        Out(0, 'A');
        Assert.Equal("A", _backend.Text);
        Assert.True(Irq);
        int edges = _board.Irqs.Edges(4);
        Out(0, 'B');
        Assert.Equal(edges + 1, _board.Irqs.Edges(4));
        Assert.Equal(0x60, In(5));
    }

    [Fact]
    public void Enabling_the_empty_interrupt_again_raises_it_again()
    {
        EnableInterrupts(2);
        In(2);
        Out(1, 0);
        Out(1, 2);
        Assert.Equal(0x02, In(2));
    }

    [Fact]
    public void The_divisor_latch_hides_data_and_interrupt_enable()
    {
        Out(1, 0x05);
        Out(3, 0x83);
        Out(0, 0x0c);
        Out(1, 0x00);
        Assert.Equal(0x0c, In(0));
        Assert.Equal(9600, _uart.BaudRate);
        Out(3, 0x03);
        Assert.Equal(0x05, In(1));
        Assert.Equal("", _backend.Text);
    }

    [Fact]
    public void Without_fifo_one_character_fits()
    {
        EnableInterrupts(1);
        Assert.Equal(1, _uart.Receive("xy"u8));
        Assert.Equal(0x04, In(2));
        Assert.Equal(0x61, In(5));
        int rooms = 0;
        _uart.RoomAvailable = () => rooms++;
        Assert.Equal('x', In(0));
        Assert.Equal(1, rooms);
        Assert.False(Irq);
        Assert.Equal('x', In(0));
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xc1, 14)]
    public void The_received_data_interrupt_follows_the_trigger_level(int fifoControl, int trigger)
    {
        Out(2, fifoControl);
        EnableInterrupts(1);
        for (int i = 1; i <= 16; i++)
        {
            Assert.Equal(1, _uart.Receive([(byte)i]));
            Assert.Equal(i >= trigger, Irq);
        }

        Assert.Equal(0, _uart.Receive("z"u8));
        Assert.Equal(0xc4, In(2));
        for (int i = 1; i <= 16; i++)
        {
            Assert.Equal(i, In(0));
            Assert.Equal(16 - i >= trigger, Irq);
        }
    }

    [Fact]
    public void The_character_timeout_comes_after_four_character_times()
    {
        Out(3, 0x83);
        Out(0, 1);
        Out(1, 0);
        Out(3, 0x03);               // 115200 8N1: 86.8 µs a character
        Out(2, 0xc1);
        EnableInterrupts(1);
        _uart.Receive("ab"u8);
        _board.Advance(347_221);
        Assert.False(Irq);
        _board.Advance(2);
        Assert.Equal(0xcc, In(2));
        Assert.Equal('a', In(0));
        Assert.False(Irq);
        _board.Advance(400_000);
        Assert.Equal(0xcc, In(2));
        In(0);
        _board.Advance(400_000);
        Assert.Equal(0xc1, In(2));
    }

    [Fact]
    public void A_break_shows_with_its_character_and_the_line_status_interrupt_wins()
    {
        Out(2, 0x01);
        EnableInterrupts(5);
        _uart.Receive("a"u8);
        Assert.True(_uart.ReceiveBreak());
        Assert.Equal(0xc4, In(2));
        Assert.Equal(0xe1, In(5));
        In(0);
        Assert.Equal(0xc6, In(2));
        Assert.Equal(0xf9, In(5));
        Assert.Equal(0xc4, In(2));
        Assert.Equal(0x61, In(5));
        Assert.Equal(0, In(0));
    }

    [Fact]
    public void Loopback_connects_transmitter_and_modem_lines_and_can_overrun()
    {
        Out(4, 0x1a);
        Assert.Equal(0x90, In(6) & 0xf0);
        Out(0, 'q');
        Out(0, 'r');
        Assert.Equal(0x63, In(5));
        Assert.Equal(0x61, In(5));
        Assert.Equal('r', In(0));
        Assert.Equal("", _backend.Text);
        Assert.Equal(0, _uart.Receive("x"u8));
        Out(4, 0x1f);
        In(6);
        Out(4, 0x1b);
        Assert.Equal(0x04, In(6) & 0x0f);
    }

    [Fact]
    public void Modem_inputs_set_delta_bits_and_interrupt()
    {
        EnableInterrupts(8);
        In(6);
        _uart.SetModemInputs(SerialModemInputs.ClearToSend);
        Assert.True(Irq);
        Assert.Equal(0x00, In(2));
        Assert.Equal(0x1a, In(6));
        Assert.False(Irq);
        Assert.Equal(0x10, In(6));
    }

    [Fact]
    public void Out2_gates_the_interrupt()
    {
        Out(1, 2);
        Assert.False(Irq);
        Assert.Equal(0x02, In(2) & 0x0f);
        Out(1, 0);
        Out(1, 2);
        Out(4, 0x08);
        Assert.True(Irq);
    }

    [Fact]
    public void Toggling_the_fifo_clears_it()
    {
        Out(2, 0x01);
        _uart.Receive("abc"u8);
        Out(2, 0x00);
        Assert.Equal(0x60, In(5));
        Assert.Equal(0x01, In(2));
    }

    [Fact]
    public void A_snapshot_with_a_half_read_fifo_and_pending_interrupts_is_unobservable()
    {
        Out(2, 0x81);
        EnableInterrupts(7);
        _uart.Receive("abcdef"u8);
        _uart.ReceiveBreak();
        In(0);
        In(2);
        using var board = new TestBoard();
        var copy = new SerialPort("uart0", board.Clock, board.Line(4), new RecordingBackend());
        copy.Map(board.Ports, SerialPort.Com1);
        board.Clock.AdvanceTo(_board.Clock.NowNanoseconds);
        TestBoard.Transfer(_uart, copy);
        foreach (TestBoard each in new[] { _board, board })
        {
            each.Advance(10_000_000);
            Assert.Equal(0xcc, each.In(SerialPort.Com1 + 2));
            foreach (char expected in "bcdef\0")
            {
                Assert.Equal((int)expected, each.In(SerialPort.Com1));
            }

            Assert.Equal(0x78, each.In(SerialPort.Com1 + 5));
            Assert.Equal(0xc1, each.In(SerialPort.Com1 + 2));
        }
    }

    private sealed class RecordingBackend : ISerialBackend
    {
        private readonly List<char> _characters = [];

        public string Text => new([.. _characters]);

        public void Transmit(byte value) => _characters.Add((char)value);
    }
}
