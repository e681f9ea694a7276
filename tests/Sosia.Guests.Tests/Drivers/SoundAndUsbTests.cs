using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using Sosia.Control;
using Sosia.Control.Sound;
using Sosia.Devices.I8042;
using Sosia.Devices.Sound;
using Sosia.Machines;
using Sosia.Machines.Tests.Sound;
using Xunit;

namespace Sosia.Guests.Tests.Drivers;

/// <summary>Linux's drivers for the AC97 codec, the PC speaker and everything on the USB, each saved and restored in the middle of its work.</summary>
[Trait("Category", "Boot")]
public sealed class SoundAndUsbTests : IDisposable
{
    private const int DiskByteCount = 4 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-drivers-").FullName;
    private readonly List<WavFile> _recordings = [];

    public void Dispose()
    {
        _recordings.ForEach(static recording => recording.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [ImageFact(DriverGuest.Image)]
    public void Linux_plays_tones_reads_and_writes_a_USB_disk_and_hears_of_keys_and_positions()
    {
        byte[] contents = new byte[DiskByteCount];
        new Random(1).NextBytes(contents);
        string disk = Path.Combine(_folder, "disk.img");
        File.WriteAllBytes(disk, contents);
        MachineOptions options = DriverGuest.Options(_folder, $"file={disk},format=raw,if=usb") with
        {
            Usb = new UsbOptions { HasKeyboard = true, HasTablet = true },
        };
        (VirtualMachine vm, string recording) = Start(options);
        try
        {
            vm.Console.Expect("Attached SCSI removable disk", EmbeddedGuest.Patience);
            vm.Console.Send("\n");
            vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);

            CheckTone(ref vm, ref recording, options, "/drivers play /dev/dsp 48000 440", 440);
            CheckTone(ref vm, ref recording, options, "/drivers play /dev/dsp 22050 630", 630);
            CheckTone(ref vm, ref recording, options, "/drivers beep 880", 880);

            // The disk is read while the machine moves to another one, and written.
            vm.Console.Send("sha256sum /dev/sda\n");
            vm.RunUntil(AfterSlices(200), EmbeddedGuest.Patience);
            recording = Move(ref vm, options);
            vm.Console.Expect(Convert.ToHexStringLower(SHA256.HashData(contents)) + "  /dev/sda", EmbeddedGuest.Patience);
            vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
            EmbeddedGuest.Command(vm, "dd if=/dev/sda of=/tmp/a bs=64k count=32; dd if=/tmp/a of=/dev/sda bs=64k seek=32; sync");

            // EV_KEY KEY_H down, EV_SYN, up, EV_SYN; then EV_ABS ABS_X, ABS_Y and EV_SYN.
            vm.Console.Send("/drivers events 'USB keyboard' 4\n");
            vm.Console.Expect("listening", EmbeddedGuest.Patience);
            vm.TextScreen!.Tap(Ps2Key.H);
            recording = Move(ref vm, options);
            string keys = vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
            Assert.Contains("event 1 35 1\r\nevent 0 0 0\r\nevent 1 35 0\r\nevent 0 0 0", keys, StringComparison.Ordinal);
            vm.Console.Send("/drivers events 'USB tablet' 3\n");
            vm.Console.Expect("listening", EmbeddedGuest.Patience);
            vm.Pointer!.MoveTo(320, 120, 641, 481);
            string position = vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
            Assert.Contains("event 3 0 16383\r\nevent 3 1 8191\r\nevent 0 0 0", position, StringComparison.Ordinal);

            Assert.DoesNotContain("usb", EmbeddedGuest.Command(vm, "dmesg | grep -iE 'reset full-speed|error|timed out|BUG|WARNING'"), StringComparison.Ordinal);
            vm.Console.Send("poweroff\n");
            Assert.Equal(StopReason.PoweredOff, vm.Run(EmbeddedGuest.Patience).Reason);
        }
        finally
        {
            vm.Dispose();
        }

        contents.AsSpan(0, DiskByteCount / 2).CopyTo(contents.AsSpan(DiskByteCount / 2));
        Assert.Equal(contents, File.ReadAllBytes(disk));
    }

    // Half a second of a tone, of which both machines have a part: the recording begins with the first sound, and its file grows in quarters of a second.
    private void CheckTone(ref VirtualMachine vm, ref string recording, MachineOptions options, string command, int hertz)
    {
        recording = Move(ref vm, options);
        string first = recording;
        vm.Console.Send(command + "\n");
        Assert.Equal(StopReason.ConditionMet, vm.RunUntil(() => new FileInfo(first).Length > 44, EmbeddedGuest.Patience).Reason);
        Assert.Equal(hertz, WavReader.Open(first).Strongest(1_200, 4_800));
        recording = Move(ref vm, options);
        vm.Console.Expect("played", EmbeddedGuest.Patience);
        vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
        string second = recording;
        recording = Move(ref vm, options);
        Assert.Equal(hertz, WavReader.Open(second).Strongest(1_200, 4_800));
    }

    private static Func<bool> AfterSlices(int count) => () => --count <= 0;

    // Saves the machine, and goes on with another one that makes a recording of its own.
    private string Move(ref VirtualMachine vm, MachineOptions options)
    {
        using var state = new MemoryStream();
        vm.Save(state);
        vm.Dispose();
        state.Position = 0;
        (vm, string recording) = Start(options);
        vm.Restore(state);
        return recording;
    }

    private (VirtualMachine Vm, string Recording) Start(MachineOptions options)
    {
        string recording = Path.Combine(_folder, $"recording{_recordings.Count}.wav");
        var file = new WavFile(recording);
        _recordings.Add(file);
        return (VirtualMachine.Create(options with { Sound = new SoundOptions(SoundDevices.Ac97 | SoundDevices.PcSpeaker, file) }), recording);
    }
}
