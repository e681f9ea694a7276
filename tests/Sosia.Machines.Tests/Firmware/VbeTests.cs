using System;
using System.IO;
using System.Linq;
using Sosia.Control;
using Sosia.Display;
using Sosia.Machines.Firmware;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Graphical programs without an operating system: address line 20, unreal mode, and a linear mode of the video BIOS.</summary>
public sealed class VbeTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("interpreter", null)]
    [InlineData("recompiler", null)]
    [InlineData("recompiler", "/usr/share/vgabios/vgabios.bin")]
    public void A_program_in_unreal_mode_draws_into_a_linear_mode_of_1920_by_1080(string engine, string? videoBios)
    {
        if (FirmwareBench.Assemble(_files, "vbe-unreal.S") is not { } program || (videoBios is not null && !File.Exists(videoBios)))
        {
            output.WriteLine("SKIPPED: as (package binutils) or vgabios is not installed.");
            return;
        }

        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options(FirmwareBench.WriteDisk(_files, "disk.img", program)) with
        {
            Engine = engine,
            OptionRoms = videoBios is null ? [] : [OptionRom.Parse("file=" + videoBios)],
        });
        vm.Console.Expect("aacbb", FirmwareBench.Patience);
        vm.Console.Expect("V", FirmwareBench.Patience);
        ScreenImage image = vm.Screen!.Capture();
        Assert.Equal((1920, 1080), (image.Width, image.Height));
        Assert.Equal((0xff0000, 0x0000ff), (image.Pixels[0], image.Pixels[^1]));
        Assert.Equal(2, image.Pixels.ToArray().Count(static pixel => pixel != 0));
    }
}
