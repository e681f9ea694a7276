using System;
using System.IO;
using Sosia.Control;
using Sosia.Control.Sound;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Devices.Sound;
using Sosia.Machines.Tests.Firmware;
using Xunit;

namespace Sosia.Machines.Tests.Sound;

/// <summary>Programs on the bare machine play tones, and the file has them.</summary>
public sealed class SoundTests : IDisposable
{
    private const int DebugExitPort = 0xf4;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void The_speaker_of_a_program_in_real_mode_is_heard_in_the_file(string engine)
    {
        // 440 Hz for a third of a second, then nothing.
        GuestCode code = new GuestCode()
            .Out(0x43, 0xb6, is32Bit: false).Out(0x42, 2712 & 0xff, is32Bit: false).Out(0x42, 2712 >> 8, is32Bit: false)
            .Out(0x61, 3, is32Bit: false);
        Wait(code, 20_000_000);
        code.Out(0x61, 0, is32Bit: false).Out(DebugExitPort, 0, is32Bit: false).Stop();
        WavReader sound = Run(code, engine, SoundDevices.PcSpeaker);
        Assert.InRange(sound.Left.Length, 15_000, 16_500);
        Assert.Equal(440, sound.Strongest(2_400, 9_600));
    }

    [Fact]
    public void Bytes_that_a_program_in_real_mode_sends_to_a_Sound_Blaster_are_heard_in_the_file()
    {
        // A square wave of 500 Hz at 8000 bytes a second, made at 0x20000, played in a single cycle of 4000 bytes.
        GuestCode code = new GuestCode()
            .Raw(0xb8, 0x00, 0x20, 0x8e, 0xc0, 0x31, 0xff, 0xfc)    // mov ax, 2000h; mov es, ax; xor di, di; cld
            .Raw(0xb9, 250, 0)                                      // mov cx, 250
            .Raw(0x51, 0xb9, 8, 0, 0xb0, 0xf0, 0xf3, 0xaa)          // again: push cx; mov cx, 8; mov al, f0h; rep stosb
            .Raw(0xb9, 8, 0, 0xb0, 0x10, 0xf3, 0xaa, 0x59)          // mov cx, 8; mov al, 10h; rep stosb; pop cx
            .Raw(0xe2, 0xee);                                       // loop again
        foreach ((ushort port, byte value) in (ReadOnlySpan<(ushort, byte)>)
            [
                (0xd6, 0xc0), (0xd4, 0), (0x0a, 5), (0x0c, 0), (0x0b, 0x49), (0x02, 0), (0x02, 0), (0x83, 2), (0x03, 3999 & 0xff), (0x03, 3999 >> 8), (0x0a, 1),
                (0x226, 1), (0x226, 0), (0x22c, 0xd1), (0x22c, 0x40), (0x22c, 131), (0x22c, 0x14), (0x22c, 3999 & 0xff), (0x22c, 3999 >> 8),
            ])
        {
            code.Out(port, value, is32Bit: false);
        }

        Wait(code, 32_000_000);
        code.Out(DebugExitPort, 0, is32Bit: false).Stop();
        WavReader sound = Run(code, "recompiler", SoundDevices.Sb16);
        Assert.InRange(sound.Left.Length, 24_000, 24_500);
        Assert.Equal(500, sound.Strongest(480, 9_600));
    }

    [Fact]
    public void A_machine_that_is_saved_and_restored_in_the_middle_of_a_tone_goes_on_with_it()
    {
        GuestCode code = new GuestCode()
            .Out(0x43, 0xb6, is32Bit: false).Out(0x42, 1193 & 0xff, is32Bit: false).Out(0x42, 1193 >> 8, is32Bit: false)
            .Out(0x61, 3, is32Bit: false);
        Wait(code, 20_000_000);
        code.Out(0x61, 0, is32Bit: false).Out(DebugExitPort, 0, is32Bit: false).Stop();
        using var stream = new MemoryStream();
        using (var file = new WavFile(_files.Path("first.wav")))
        using (VirtualMachine vm = Create(code, "recompiler", SoundDevices.PcSpeaker, file))
        {
            // The mixer looks at the clock every 5 ms, so that the machine does not run far beyond.
            vm.RunUntil(() => vm.Machine.Clock.NowNanoseconds >= 140_000_000, FirmwareBench.Patience);
            vm.Save(stream);
        }

        stream.Position = 0;
        using (var file = new WavFile(_files.Path("second.wav")))
        using (VirtualMachine vm = Create(code, "recompiler", SoundDevices.PcSpeaker, file))
        {
            vm.Restore(stream);
            Assert.Equal(1, vm.Run(FirmwareBench.Patience).ExitStatus);
        }

        WavReader first = WavReader.Open(_files.Path("first.wav"));
        WavReader second = WavReader.Open(_files.Path("second.wav"));
        Assert.InRange(first.Left.Length + second.Left.Length, 15_000, 16_500);
        Assert.Equal(1000, first.Strongest(1_200, 4_800));
        Assert.Equal(1000, second.Strongest(1_200, 4_800));
    }

    [Fact]
    public void A_file_that_exists_is_not_touched()
    {
        string path = _files.Write("mine.wav", [1, 2, 3]);
        Assert.Contains("exists already", Assert.Throws<SosiaException>(() => new WavFile(path)).Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Contains("cannot be created", Assert.Throws<SosiaException>(() => new WavFile(_files.Path("no/such/folder.wav"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_whole_at_every_moment_and_silence_takes_no_room()
    {
        string path = _files.Path("growing.wav");
        using (var file = new WavFile(path))
        {
            Assert.Empty(WavReader.Open(path).Left);
            short[] samples = new short[2 * 1_000];
            Array.Fill(samples, (short)1234);
            int before = 0;
            for (int i = 0; i < 40; i++)
            {
                file.Write(5_000 + (1_000 * i), samples);
                int now = WavReader.Open(path).Left.Length;
                Assert.InRange(now, Math.Max(before, (1_000 * (i + 1)) - 12_000), 1_000 * (i + 1));
                before = now;
            }

            // An hour later.
            file.Write(5_000 + 40_000 + (3600L * WavReader.FramesPerSecond), samples);
        }

        Assert.Equal(44 + (4 * (41_000 + (3600L * WavReader.FramesPerSecond))), new FileInfo(path).Length);
    }

    // mov ecx, count; dec ecx; jnz back: two instructions of 8 ns each.
    private static void Wait(GuestCode code, uint count) => code.Raw(0x66, 0xb9).Word32(count).Raw(0x66, 0x49, 0x75, 0xfc);

    private WavReader Run(GuestCode code, string engine, SoundDevices devices)
    {
        string path = _files.Path("sound.wav");
        using (var file = new WavFile(path))
        using (VirtualMachine vm = Create(code, engine, devices, file))
        {
            Assert.Equal(1, vm.Run(FirmwareBench.Patience).ExitStatus);
        }

        return WavReader.Open(path);
    }

    private VirtualMachine Create(GuestCode code, string engine, SoundDevices devices, WavFile file) => VirtualMachine.Create(new MachineOptions
    {
        Engine = engine,
        Kernel = _files.Write("guest", code.ToArray()),
        LoadAddress = 0x7c00,
        MemoryByteCount = 16 << 20,
        ClockMode = ClockMode.Deterministic,
        DebugExitPort = DebugExitPort,
        Sound = new SoundOptions(devices, file),
    });
}
