using System.Collections.Generic;
using Sosia.Devices.I8042;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.I8042;

public sealed class KeyboardControllerTests
{
    private const long Transfer = 1_000_000;

    private readonly TestBoard _board = new();
    private readonly FakeCpu _cpu = new();
    private readonly A20Gate _gate = new();
    private readonly KeyboardController _controller;

    public KeyboardControllerTests()
    {
        _gate.Attach(_cpu);
        _controller = Create(_board, _gate);
        new FastA20Port(_gate, _board).Map(_board.Ports);
    }

    private static KeyboardController Create(TestBoard board, A20Gate gate)
    {
        var controller = new KeyboardController(board.Clock, board.Line(1), board.Line(12), gate, board, board.Log);
        controller.Map(board.Ports);
        return controller;
    }

    private static List<int> Drain(TestBoard board)
    {
        var bytes = new List<int>();
        for (int i = 0; i < 100; i++)
        {
            if ((board.In(0x64) & 1) != 0)
            {
                bytes.Add(board.In(0x60));
            }
            else
            {
                board.Advance(Transfer);
                if ((board.In(0x64) & 1) == 0)
                {
                    board.Advance(Transfer);
                    if ((board.In(0x64) & 1) == 0)
                    {
                        break;
                    }
                }
            }
        }

        return bytes;
    }

    private List<int> Drain() => Drain(_board);

    private List<int> Keyboard(params int[] bytes)
    {
        var replies = new List<int>();
        foreach (int value in bytes)
        {
            _board.Out(0x60, value);
            replies.AddRange(Drain());
        }

        return replies;
    }

    private List<int> Mouse(params int[] bytes)
    {
        var replies = new List<int>();
        foreach (int value in bytes)
        {
            _board.Out(0x64, 0xd4);
            _board.Out(0x60, value);
            replies.AddRange(Drain());
        }

        return replies;
    }

    private void SetMode(int mode)
    {
        _board.Out(0x64, 0x60);
        _board.Out(0x60, mode);
    }

    [Fact]
    public void Self_tests_pass()
    {
        _board.Out(0x64, 0xaa);
        Assert.Equal(0x55, _board.In(0x60));
        _board.Out(0x64, 0xab);
        Assert.Equal(0x00, _board.In(0x60));
        _board.Out(0x64, 0xa9);
        Assert.Equal(0x00, _board.In(0x60));
        Assert.Equal([0xfa, 0xaa], Keyboard(0xff));
        Assert.Equal([0xfa, 0xaa, 0x00], Mouse(0xff));
    }

    [Fact]
    public void The_mode_byte_reads_back_and_interrupts_follow_it()
    {
        SetMode(0x47);
        _board.Out(0x64, 0x20);
        Assert.True(_board.Irqs[1]);
        Assert.Equal(0x47, _board.In(0x60));
        Assert.False(_board.Irqs[1]);
        Mouse();
        _board.Out(0x64, 0xd4);
        _board.Out(0x60, 0xf2);
        _board.Advance(Transfer);
        Assert.True(_board.Irqs[12]);
        Assert.Equal(0x20, _board.In(0x64) & 0x20);
    }

    [Fact]
    public void Keys_arrive_translated_to_set_1()
    {
        _controller.Keyboard.SetKey(Ps2Key.A, true);
        _controller.Keyboard.SetKey(Ps2Key.A, false);
        _controller.Keyboard.SetKey(Ps2Key.Right, true);
        _controller.Keyboard.SetKey(Ps2Key.Right, false);
        _controller.Keyboard.SetKey(Ps2Key.F7, true);
        _controller.Keyboard.SetKey(Ps2Key.F7, false);
        Assert.Equal([0x1e, 0x9e, 0xe0, 0x4d, 0xe0, 0xcd, 0x41, 0xc1], Drain());
    }

    [Fact]
    public void Every_key_gives_the_same_set_1_codes_with_and_without_translation()
    {
        foreach (Ps2Key key in System.Enum.GetValues<Ps2Key>())
        {
            if (key is Ps2Key.None)
            {
                continue;
            }

            SetMode(0x45);
            Keyboard(0xf0, 2);
            _controller.Keyboard.SetKey(key, true);
            _controller.Keyboard.SetKey(key, false);
            List<int> translated = Drain();
            SetMode(0x05);
            Keyboard(0xf0, 1);
            _controller.Keyboard.SetKey(key, true);
            _controller.Keyboard.SetKey(key, false);
            Assert.Equal(translated, Drain());
            Assert.NotEmpty(translated);
        }
    }

    [Fact]
    public void Sets_2_and_3_are_sent_as_they_are_without_translation()
    {
        SetMode(0x05);
        _controller.Keyboard.SetKey(Ps2Key.A, true);
        _controller.Keyboard.SetKey(Ps2Key.A, false);
        Assert.Equal([0x1c, 0xf0, 0x1c], Drain());
        Assert.Equal([0xfa, 0xfa], Keyboard(0xf0, 3));
        Assert.Equal([0xfa, 0xfa, 0x03], Keyboard(0xf0, 0));
        Keyboard(0xfa);
        _controller.Keyboard.SetKey(Ps2Key.Escape, true);
        _controller.Keyboard.SetKey(Ps2Key.Escape, false);
        Assert.Equal([0x08, 0xf0, 0x08], Drain());
    }

    [Fact]
    public void Keyboard_commands_answer_as_documented()
    {
        Assert.Equal([0xfa, 0xab, 0x41], Keyboard(0xf2));
        Assert.Equal([0xee], Keyboard(0xee));
        Assert.Equal([0xfa, 0xfa], Keyboard(0xed, 0x05));
        Assert.Equal(5, _controller.Keyboard.Indicators);
        Assert.Equal([0xfa, 0xfa], Keyboard(0xf3, 0x20));
        Assert.Equal([0xfe], Keyboard(0xe5));
        Keyboard(0xf5);
        _controller.Keyboard.SetKey(Ps2Key.B, true);
        Assert.Empty(Drain());
        Assert.Equal([0xfa], Keyboard(0xf4));
    }

    [Fact]
    public void A_held_key_repeats_at_the_typematic_rate()
    {
        Keyboard(0xf3, 0x00);       // 250 ms, 30 per second
        _controller.Keyboard.SetKey(Ps2Key.X, true);
        Drain();
        _board.AdvanceTo(_board.Clock.NowNanoseconds + 240_000_000);
        Assert.Empty(Drain());
        _board.Advance(15_000_000);
        Assert.Equal([0x2d], Drain());
        int count = 0;
        long end = _board.Clock.NowNanoseconds + 1_000_000_000;
        while (_board.Clock.NowNanoseconds < end)
        {
            count += Drain().Count;
        }

        Assert.InRange(count, 28, 31);
        _controller.Keyboard.SetKey(Ps2Key.X, false);
        Assert.Equal([0xad], Drain());
        _board.Advance(1_000_000_000);
        Assert.Empty(Drain());
    }

    [Fact]
    public void A_full_buffer_is_marked_by_one_overrun_code()
    {
        SetMode(0x55);              // keyboard disabled: nothing leaves it
        for (int i = 0; i < 20; i++)
        {
            _controller.Keyboard.SetKey(Ps2Key.A, i % 2 == 0);
        }

        SetMode(0x45);
        List<int> codes = Drain();
        Assert.Single(codes, 0xff);
        _controller.Keyboard.SetKey(Ps2Key.B, true);
        Assert.Equal([0x30], Drain());
    }

    [Fact]
    public void Pause_and_print_screen_have_their_special_sequences()
    {
        _controller.Keyboard.SetKey(Ps2Key.Pause, true);
        Assert.Equal([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5], Drain());
        _controller.Keyboard.SetKey(Ps2Key.Pause, false);
        Assert.Empty(Drain());
        _controller.Keyboard.SetKey(Ps2Key.PrintScreen, true);
        Assert.Equal([0xe0, 0x2a, 0xe0, 0x37], Drain());
    }

    [Fact]
    public void The_output_port_and_port_92_gate_address_line_20()
    {
        Assert.True(_cpu.A20);
        _board.Out(0x64, 0xdd);
        Assert.False(_cpu.A20);
        _board.Out(0x92, 2);
        Assert.True(_cpu.A20);
        _board.Out(0x92, 0);
        Assert.False(_cpu.A20);
        _board.Out(0x64, 0xd1);
        _board.Out(0x60, 0xdf);
        Assert.True(_cpu.A20);
        _board.Out(0x64, 0xd0);
        Assert.Equal(0x03, _board.In(0x60) & 0x03);
    }

    [Fact]
    public void Three_ways_to_reset_the_processors()
    {
        _board.Out(0x64, 0xfe);
        Assert.Equal(1, _board.ProcessorResets);
        _board.Out(0x64, 0xd1);
        _board.Out(0x60, 0xde);
        Assert.Equal(2, _board.ProcessorResets);
        _board.Out(0x92, 1);
        Assert.Equal(3, _board.ProcessorResets);
        _board.Out(0x92, 1);
        Assert.Equal(3, _board.ProcessorResets);
    }

    [Fact]
    public void The_mouse_reports_movement_and_adds_up_what_happens_meanwhile()
    {
        SetMode(0x47);
        Assert.Equal([0xfa, 0x00], Mouse(0xf2));
        Assert.Equal([0xfa], Mouse(0xf4));
        _controller.Mouse.Move(5, -3, 0, 1);
        _controller.Mouse.Move(300, 0, 0, 1);
        Assert.Equal([0x29, 5, 0xfd, 0x09, 255, 0, 0x09, 45, 0], Drain());
    }

    [Fact]
    public void The_sample_rate_knock_turns_on_the_wheel()
    {
        SetMode(0x47);
        Mouse(0xf3, 200, 0xf3, 100, 0xf3, 80);
        Assert.Equal([0xfa, 0x03], Mouse(0xf2));
        Mouse(0xf4);
        _controller.Mouse.Move(0, 0, -1, 4);
        Assert.Equal([0x0c, 0, 0, 0xff], Drain());
        Assert.Equal([0xfa, 0x22, 0x02, 80], Mouse(0xe9));
    }

    [Fact]
    public void A_second_sample_rate_knock_turns_on_two_more_buttons()
    {
        SetMode(0x47);
        Mouse(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf3, 200, 0xf3, 200, 0xf3, 80);
        Assert.Equal([0xfa, 0x04], Mouse(0xf2));
        Mouse(0xf4);
        _controller.Mouse.Move(0, 0, -1, 0x11);
        Assert.Equal([0x09, 0, 0, 0x2f], Drain());
        _controller.Mouse.Move(0, 0, 0, 0x09);
        Assert.Equal([0x09, 0, 0, 0x10], Drain());
    }

    [Fact]
    public void Keys_that_are_enqueued_wait_until_those_before_were_taken()
    {
        for (int i = 0; i < 100; i++)
        {
            Assert.True(_controller.Keyboard.Enqueue(Ps2Key.A, isDown: true));
            Assert.True(_controller.Keyboard.Enqueue(Ps2Key.A, isDown: false));
        }

        var codes = new List<int>();
        for (int i = 0; i < 1000 && codes.Count < 200; i++)
        {
            _board.Advance(4_000_000);
            codes.AddRange(Drain());
        }

        Assert.Equal(200, codes.Count);
        for (int i = 0; i < codes.Count; i += 2)
        {
            Assert.Equal((0x1e, 0x9e), (codes[i], codes[i + 1]));
        }
    }

    [Fact]
    public void A_snapshot_in_the_middle_of_commands_and_codes_is_unobservable()
    {
        Keyboard(0xed);             // its argument is still to come
        _board.Out(0x64, 0x60);     // so is the controller's
        _controller.Keyboard.SetKey(Ps2Key.Left, true);
        using var board = new TestBoard();
        KeyboardController copy = Create(board, new A20Gate());
        board.Clock.AdvanceTo(_board.Clock.NowNanoseconds);
        TestBoard.Transfer(_controller, copy);
        foreach ((TestBoard each, KeyboardController controller) in new[] { (_board, _controller), (board, copy) })
        {
            each.Out(0x60, 0x45);
            each.Out(0x60, 0x07);
            Assert.Equal([0xfa, 0xe0, 0x4b], Drain(each));
            Assert.Equal(7, controller.Keyboard.Indicators);
            controller.Keyboard.SetKey(Ps2Key.Left, false);
            each.Advance(Transfer);
            Assert.True(each.Irqs[1]);
            Assert.Equal([0xe0, 0xcb], Drain(each));
        }
    }
}
