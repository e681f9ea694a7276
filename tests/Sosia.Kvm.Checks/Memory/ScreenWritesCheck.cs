using System;
using Sosia.Control;
using Sosia.Control.Properties;
using Sosia.Devices.Screen;
using Sosia.Engines.Kvm;
using Sosia.Jit.X64;

namespace Sosia.Kvm.Checks.Memory;

/// <summary>
/// The display learns from KVM which pages of video memory the guest has written, through the window at A0000h in a linear mode. A write before the guest moves the
/// window on, which makes another slot of it, is not lost.
/// </summary>
internal sealed class ScreenWritesCheck : ICheck
{
    private const uint Window = 0xa_0000;
    private const int Width = 640;
    private const int BankByteCount = 0x1_0000;
    private const int Pixels = 4;
    private const uint StopAt = BareGuest.UserData;
    private const uint PermissionAt = BareGuest.UserData + 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly (ushort Index, ushort Value)[] Mode = [(4, 0), (1, Width), (2, 480), (3, 32), (4, 0x41)];

    public string Name => "what the guest writes into video memory is drawn, also what it wrote before it moved the window";

    public void Run()
    {
        using var guest = new BareGuest(new KvmEngine(), kernel: Emit);
        IScreenSource screen = guest.Machine.Machine.Screen ?? throw new CheckFailedException("the machine has no screen");
        var picture = new ScreenPicture();
        RunTo(guest, 1);
        Expect.True(screen.Capture(), "the mode is new");
        screen.Render(picture);
        Expect.Equal(Width, picture.Width, "columns");
        Expect.True(!screen.Capture(), "nothing has changed since");

        RunTo(guest, 2);
        Draw(screen, picture, 0x112233, 0);
        RunTo(guest, 3);
        Draw(screen, picture, 0x445566, 4096 / Pixels);

        // A pixel in the first bank and one in the second.
        RunTo(guest, 4);
        Draw(screen, picture, 0x778899, 8192 / Pixels);
        Expect.Equal(0xaabbcc, Pixel(picture, BankByteCount / Pixels), "the pixel in the second bank");
        Expect.True(!screen.Capture(), "nothing has changed since");
    }

    private static void Draw(IScreenSource screen, ScreenPicture picture, int color, int pixel)
    {
        Expect.True(screen.Capture(), "something was drawn");
        screen.Render(picture);
        Expect.Equal(color, Pixel(picture, pixel), $"pixel {pixel}");
    }

    private static int Pixel(ScreenPicture picture, int pixel) => picture.Pixels[pixel] & 0xff_ffff;

    // Lets the guest go on to the next stop.
    private static void RunTo(BareGuest guest, ulong stop)
    {
        guest.Write(PermissionAt, stop - 1);
        Expect.Equal(StopReason.ConditionMet, guest.Machine.RunUntil(() => guest.Read(StopAt) == stop, Patience).Reason, $"whether it comes to stop {stop}");
    }

    private static void Emit(Assembler assembler)
    {
        foreach ((ushort index, ushort value) in Mode)
        {
            SetRegister(assembler, index, value);
        }

        assembler.MovImmediate(Gpr.Rbx, Window);
        Stop(assembler, 1);
        WritePixel(assembler, 0, 0x112233);
        Stop(assembler, 2);
        WritePixel(assembler, 4096, 0x445566);
        Stop(assembler, 3);
        WritePixel(assembler, 8192, 0x778899);
        SetRegister(assembler, 5, 1); // the window's bank
        WritePixel(assembler, 0, 0xaabbcc);
        Stop(assembler, 4);
        BareGuest.End(assembler);
    }

    private static void Stop(Assembler assembler, int number)
    {
        assembler.MovImmediate(Gpr.Rax, number);
        assembler.Mov(64, Mem.Absolute((int)StopAt), Gpr.Rax);
        Label wait = assembler.NewLabel();
        assembler.Bind(wait);
        assembler.Pause();
        assembler.Alu(AluOperation.Cmp, 64, Gpr.Rax, Mem.Absolute((int)PermissionAt));
        assembler.Jcc(Condition.NotZero, wait);
    }

    private static void WritePixel(Assembler assembler, int offset, int color)
    {
        assembler.MovImmediate(Gpr.Rax, color);
        assembler.Mov(32, new Mem(Gpr.Rbx, offset), Gpr.Rax);
    }

    private static void SetRegister(Assembler assembler, ushort index, ushort value)
    {
        assembler.MovImmediate(Gpr.Rdx, 0x1ce);
        assembler.MovImmediate(Gpr.Rax, index);
        assembler.Emit([0x66, 0xef]); // out dx, ax
        assembler.MovImmediate(Gpr.Rdx, 0x1cf);
        assembler.MovImmediate(Gpr.Rax, value);
        assembler.Emit([0x66, 0xef]);
    }
}
