using System;
using System.IO;
using Sosia.Control;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>UEFI firmware (Debian's package ovmf): 64-bit code that runs from the ROM until it has found memory, and keeps variables in flash memory.</summary>
public sealed class OvmfTests(ITestOutputHelper output) : IDisposable
{
    private const string Folder = "/usr/share/OVMF";
    private const string Variable = "tide -guid 5ea51de5-0000-4000-8000-000000000001";
    private const string ShellPrompt = "Shell> ";

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("std")]
    [InlineData("none")]
    [Trait("Category", "Slow")]
    public void Ovmf_comes_to_its_shell_with_and_without_a_screen(string vga)
    {
        const string Ovmf = "/usr/share/ovmf/OVMF.fd";
        if (!IsInstalled(Ovmf))
        {
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(Options(Ovmf) with { Vga = vga });
        vm.Console.Expect("UEFI Interactive Shell", FirmwareBench.Patience);
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
        MachineOptions options = Options(code) with { Flash = FlashOptions.Parse($"file={store},template={Folder}/OVMF_VARS_4M.fd") };
        using (VirtualMachine vm = VirtualMachine.Create(options))
        {
            EnterShell(vm);
            Command(vm, $"setvar {Variable} -bs -rt -nv =0xc0ffee");
            Command(vm, "bcfg boot add 0 \"FS0:\\\\none.efi\" \"High water\"");
            vm.Console.Send("reset -s\r");
            Assert.Equal(StopReason.PoweredOff, vm.Run(FirmwareBench.Patience).Reason);
            Assert.Empty(vm.Machine.Log.Counts);
        }

        Assert.NotEqual(template, File.ReadAllBytes(store));
        using (VirtualMachine vm = VirtualMachine.Create(options with { Flash = new FlashOptions(store, IsReadOnly: true) }))
        {
            EnterShell(vm);
            string text = Command(vm, $"setvar {Variable}");
            Assert.Contains("C0 FF EE", text, StringComparison.OrdinalIgnoreCase);
        }
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

    private static void EnterShell(VirtualMachine vm)
    {
        vm.Console.Expect("to skip", FirmwareBench.Patience);
        vm.Console.Send("\x1b");
        vm.Console.Expect(ShellPrompt, FirmwareBench.Patience);
    }

    private static string Command(VirtualMachine vm, string command)
    {
        vm.Console.Send(command + "\r");
        return vm.Console.Expect(ShellPrompt, FirmwareBench.Patience);
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
