using System;
using System.IO;
using Sosia.Control;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>UEFI firmware (Debian's package ovmf): 64-bit code that runs from the ROM until it has found memory, and keeps variables in flash memory.</summary>
public sealed class OvmfTests(ITestOutputHelper output) : IDisposable
{
    private const string Folder = "/usr/share/OVMF";
    private const string Variable = "tide -guid 5ea51de5-0000-4000-8000-000000000001";

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>OVMF asks both IDE channels without having switched them on; when they did not answer it waited minutes for each drive.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Ovmf_comes_to_its_shell_without_waiting_for_drives_that_are_not_there()
    {
        const string Ovmf = "/usr/share/ovmf/OVMF.fd";
        if (IsInstalled(Ovmf))
        {
            using VirtualMachine vm = VirtualMachine.Create(Options(Ovmf) with { Vga = "none" });
            vm.Console.Expect("UEFI Interactive Shell", FirmwareBench.Patience);
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Variables_and_boot_entries_are_there_again_at_the_next_start()
    {
        string code = Path.Combine(Folder, "OVMF_CODE_4M.fd");
        if (!IsInstalled(code))
        {
            return;
        }

        string store = _files.Path("vars.fd");
        byte[] template = File.ReadAllBytes(Path.Combine(Folder, "OVMF_VARS_4M.fd"));
        FlashOptions flash = FlashOptions.Parse($"file={store},template={Folder}/OVMF_VARS_4M.fd");
        RunScript(code, flash, $"setvar {Variable} -bs -rt -nv =0xc0ffee", "bcfg boot add 0 FS0:\\startup.nsh \"High water\"");
        byte[] afterwards = File.ReadAllBytes(store);
        Assert.NotEqual(template, afterwards);
        string text = RunScript(code, new FlashOptions(store, IsSnapshot: true), $"setvar {Variable}", "bcfg boot dump");
        Assert.Contains("EE FF C0 00", text, StringComparison.Ordinal);
        Assert.Contains("High water", text, StringComparison.Ordinal);
        Assert.Equal(afterwards, File.ReadAllBytes(store));
    }

    [Theory]
    [InlineData("file=", "at 'file='")]
    [InlineData("template=a", "names no file")]
    [InlineData("file=a,readonly=maybe", "readonly=maybe")]
    [InlineData("file=a,file=b", "file=b")]
    public void Options_that_make_no_sense_are_refused(string option, string message)
    {
        SosiaException error = Assert.Throws<SosiaException>(() => FlashOptions.Parse(option));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flash_file_that_is_not_there_is_asked_for_and_none_is_made_without_a_template()
    {
        string store = _files.Path("none.fd");
        SosiaException error = Assert.Throws<SosiaException>(() => VirtualMachine.Create(FirmwareBench.Options() with { Flash = new FlashOptions(store) }));
        Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
        Assert.Throws<SosiaException>(() => VirtualMachine.Create(FirmwareBench.Options() with { Flash = new FlashOptions(store, _files.Path("missing")) }));
        Assert.False(File.Exists(store));
    }

    [Fact]
    public void Two_machines_cannot_have_one_flash_file()
    {
        string store = _files.Write("vars.fd", new byte[4096]);
        MachineOptions options = FirmwareBench.Options() with { Flash = new FlashOptions(store) };
        using VirtualMachine vm = VirtualMachine.Create(options);
        SosiaException error = Assert.Throws<SosiaException>(() => VirtualMachine.Create(options));
        Assert.Contains(store, error.Message, StringComparison.Ordinal);
    }

    private static MachineOptions Options(string bios)
        => FirmwareBench.Options() with { Bios = bios, MemoryByteCount = 128 << 20, ClockMode = ClockMode.Fast };

    // The shell executes startup.nsh of the first file system that it finds.
    private string RunScript(string bios, FlashOptions flash, params string[] commands)
    {
        string folder = _files.Path("disk");
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, "startup.nsh"), ["echo -off", "echo begin", .. commands, "echo end", "reset -s"]);
        using VirtualMachine vm = VirtualMachine.Create(Options(bios) with { Flash = flash, Drives = [DriveOptions.Parse($"file=fat:{folder},if=ide,readonly")] });
        vm.Console.Expect("begin\r\n", FirmwareBench.Patience);
        string text = vm.Console.Expect("end\r\n", FirmwareBench.Patience);
        Assert.Equal(StopReason.PoweredOff, vm.Run(FirmwareBench.Patience).Reason);
        Assert.Empty(vm.Machine.Log.Counts);
        return text;
    }

    private bool IsInstalled(string file)
    {
        if (File.Exists(file))
        {
            return true;
        }

        output.WriteLine("SKIPPED: OVMF (package ovmf) is not installed.");
        return false;
    }
}
