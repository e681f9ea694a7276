using System;
using Sosia.Control;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Guests.Tests;

public sealed class ScreenTests
{
    // How many looks of the run loop there are for one at the screen.
    private const int LooksPerText = 500;

    [Theory]
    [Trait("Category", "Boot")]
    [InlineData("recompiler")]
    public void Linux_shows_its_shell_on_the_screen_and_takes_what_is_typed(string engine)
    {
        using var vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Fast, "console=tty0") with { Engine = engine });
        WaitFor(vm, EmbeddedGuest.Prompt.TrimEnd());
        vm.Keyboard!.Type("echo $((6*7)) {is,are} on the \"screen\"\n");
        WaitFor(vm, "\n42 is are on the screen\n");
        Assert.Equal((720, 400), (vm.Screen!.Capture().Width, vm.Screen.Capture().Height));
    }

    private static void WaitFor(VirtualMachine vm, string text)
    {
        int looks = 0;
        RunResult result = vm.RunUntil(() => ++looks % LooksPerText == 0 && vm.Screen!.Text.Contains(text, StringComparison.Ordinal), EmbeddedGuest.Patience);
        Assert.True(result.Reason == StopReason.ConditionMet, vm.Screen!.Text);
    }
}
