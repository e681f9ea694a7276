using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Devices.I8042;
using Sosia.Display;
using Xunit;

namespace Sosia.Machines.Tests.Screen;

public sealed class ScreenTests : IDisposable
{
    private const uint FrameBuffer = 0xe000_0000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void The_screen_is_an_empty_text_screen_before_the_kernel_starts()
    {
        using VirtualMachine vm = Create(new GuestCode().Stop(), "interpreter");
        Assert.Equal("\n", vm.Screen!.Text);
        ScreenImage image = vm.Screen.Capture();
        Assert.Equal((720, 400), (image.Width, image.Height));
    }

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void What_a_guest_draws_is_seen_piece_by_piece(string engine)
    {
        // 640 × 480 × 32, then a loop that writes a pixel after the other: mov [ebx], ebx; add ebx, 4; jmp.
        GuestCode code = new GuestCode();
        foreach ((ushort index, ushort value) in (ReadOnlySpan<(ushort, ushort)>)[(1, 640), (2, 480), (3, 32), (4, 0x41)])
        {
            code.OutWord(0x1ce, index, true).OutWord(0x1cf, value, true);
        }

        code.Raw(0xbb).Word32(FrameBuffer).Raw(0x89, 0x1b, 0x83, 0xc3, 0x04, 0xeb, 0xf9);
        using VirtualMachine vm = Create(code, engine);
        byte[] memory = new byte[640 * 480 * 4];
        for (int i = 0; i < 12; i++)
        {
            vm.Step(i == 0 ? 100 : 70_001);
            ScreenImage image = vm.Screen!.Capture();
            Assert.Equal((640, 480), (image.Width, image.Height));
            Assert.True(vm.ReadPhysical(FrameBuffer, memory));
            Assert.NotEqual(0, image[2, 0]);
            for (int pixel = 0; pixel < 640 * 480; pixel++)
            {
                if (image.Pixels[pixel] != (BitConverter.ToInt32(memory, 4 * pixel) & 0xff_ffff))
                {
                    Assert.Fail($"pixel {pixel} after {i} steps");
                }
            }
        }
    }

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void Typed_text_arrives_key_by_key_however_long_it_is(string engine)
    {
        // Writes every byte of the keyboard to COM1: in al, 64h; test al, 1; jz; in al, 60h; out 3f8h.
        GuestCode code = new GuestCode().Raw(0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa, 0xe4, 0x60, 0x66, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf1);
        var bytes = new CollectingSerial();
        using VirtualMachine vm = Create(code, engine, bytes);
        const string Text = "The quick brown fox";
        vm.Keyboard!.Type(Text + "\n");
        int expected = Text.Length * 2 + 2 + (2 * Text.Count(char.IsUpper));
        vm.RunUntil(() => bytes.Count >= expected, Patience);
        byte[] codes = bytes.ToArray();
        Assert.Equal(expected, codes.Length);
        Assert.Equal([0x2a, 0x14, 0x94, 0xaa, 0x23, 0xa3, 0x12, 0x92, 0x39, 0xb9], codes[..10]);
        Assert.Equal([0x1c, 0x9c], codes[^2..]);
    }

    [Fact]
    public async Task The_screen_can_be_looked_at_and_keys_pressed_while_another_thread_runs_the_machine()
    {
        using VirtualMachine vm = Create(new GuestCode().Spin(), "recompiler");
        Task<RunResult> running = Task.Run(() => vm.Run(Patience));
        Assert.True(SpinWait.SpinUntil(() => vm.IsRunning, Patience));
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("\n", vm.Screen!.Text);
            vm.Keyboard!.Tap(Ps2Key.LeftControl, Ps2Key.C);
            vm.Pointer!.MoveTo(i, i, 640, 480);
        }

        vm.Pause();
        Assert.Equal(StopReason.Paused, (await running).Reason);
        vm.Dispose();
        Assert.Equal(720, vm.Screen!.Capture().Width);
    }

    [Fact]
    public async Task A_condition_on_the_machine_s_thread_may_look_at_the_screen_while_others_do()
    {
        using VirtualMachine vm = Create(new GuestCode().Spin(), "interpreter");
        using var ending = new CancellationTokenSource();
        Task looking = Task.Run(() =>
        {
            while (!ending.IsCancellationRequested)
            {
                vm.Screen!.Capture();
            }
        });
        int looks = 0;
        vm.RunUntil(() => vm.Screen!.Text == "\n" && ++looks == 50, Patience);
        await ending.CancelAsync();
        await looking;
        Assert.Equal(50, looks);
    }

    [Fact]
    public void A_saved_machine_shows_the_same_screen_when_it_is_restored()
    {
        // mov dword [b8000h], "OK" in white.
        GuestCode code = new GuestCode().Raw(0xc7, 0x05).Word32(0xb_8000).Word32(0x0f4b_0f4f).Spin();
        using VirtualMachine vm = Create(code, "interpreter");
        vm.Step(5);
        Assert.Equal("OK\n", vm.Screen!.Text);
        using var stream = new MemoryStream();
        vm.Save(stream);
        using VirtualMachine other = Create(new GuestCode().Stop(), "interpreter");
        other.Screen!.Capture();
        stream.Position = 0;
        other.Restore(stream);
        Assert.Equal("OK\n", other.Screen.Text);
        Assert.Equal(vm.Screen.Capture().Pixels.ToArray(), other.Screen.Capture().Pixels.ToArray());
    }

    private VirtualMachine Create(GuestCode code, string engine, CollectingSerial? serial = null) => VirtualMachine.Create(new MachineOptions
    {
        Engine = engine,
        Kernel = _files.Write("guest", code.ToArray()),
        LoadAddress = 0x10_0000,
        MemoryByteCount = 16 << 20,
        ClockMode = ClockMode.Deterministic,
        Serial = [serial],
        HasTablet = true,
    });
}
