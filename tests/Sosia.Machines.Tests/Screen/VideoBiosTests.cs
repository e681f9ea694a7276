using System;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Display;
using Xunit;

namespace Sosia.Machines.Tests.Screen;

public sealed class VideoBiosTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public void The_firmware_s_video_BIOS_shows_its_messages_on_the_screen()
    {
        using var vm = VirtualMachine.Create(new MachineOptions { Bios = "seabios", MemoryByteCount = 64 << 20, ClockMode = ClockMode.Fast });
        int looks = 0;
        RunResult result = vm.RunUntil(() => ++looks % 100 == 0 && vm.Screen!.Text.Contains("No bootable device", StringComparison.Ordinal), Patience);
        Assert.True(result.Reason == StopReason.ConditionMet, vm.Screen!.Text);
        Assert.Contains("SeaBIOS (version", vm.Screen.Text, StringComparison.Ordinal);
        ScreenImage image = vm.Screen.Capture();
        Assert.Equal((720, 400), (image.Width, image.Height));
    }
}
