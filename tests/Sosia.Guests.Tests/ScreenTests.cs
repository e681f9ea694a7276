using System;
using System.IO;
using BigGustave;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Display;
using Sosia.Display.Png;
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
        // An empty screen without a cursor, so that every run ends with the same picture; every shifted key is in what is typed.
        vm.Keyboard!.Type("printf '\\033[H\\033[J\\033[?25l\\033[1;33;44m%s\\033[m\\n' \"$((6*7)) ~!@#^&_+{}|:<>? on the SCREEN\"\n");
        WaitFor(vm, $"42 ~!@#^&_+{{}}|:<>? on the SCREEN\n{EmbeddedGuest.Prompt.TrimEnd()}\n");
        AssertLooksLike("shell.png", vm.Screen!.Capture());
    }

    private static void WaitFor(VirtualMachine vm, string text)
    {
        int looks = 0;
        RunResult result = vm.RunUntil(() => ++looks % LooksPerText == 0 && vm.Screen!.Text.Contains(text, StringComparison.Ordinal), EmbeddedGuest.Patience);
        Assert.True(result.Reason == StopReason.ConditionMet, vm.Screen!.Text);
    }

    // The picture as it was when somebody looked at it and found it right. Where it differs, the new one lies beside the test's program.
    private static void AssertLooksLike(string name, ScreenImage actual)
    {
        PngFile.Write(Path.Combine(AppContext.BaseDirectory, "actual-" + name), actual);
        var expected = Png.Open(Path.Combine(EmbeddedGuest.TestFolder, "Screens", name));
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        for (int y = 0; y < actual.Height; y++)
        {
            for (int x = 0; x < actual.Width; x++)
            {
                Pixel pixel = expected.GetPixel(x, y);
                if (actual[x, y] != ((pixel.R << 16) | (pixel.G << 8) | pixel.B))
                {
                    Assert.Fail($"{name}: the pixel {x}, {y} is {actual[x, y]:x6} and not {pixel.R:x2}{pixel.G:x2}{pixel.B:x2}");
                }
            }
        }
    }
}
