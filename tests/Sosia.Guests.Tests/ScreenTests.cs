using System;
using System.Collections.Generic;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Display;
using Xunit;

namespace Sosia.Guests.Tests;

public sealed class ScreenTests
{
    // How many looks of the run loop there are for one at the screen.
    private const int LooksPerText = 500;

    private const int CellWidth = 9;
    private const int CellHeight = 16;
    private const int Yellow = 0xff_ff55;
    private const int Blue = 0x00_00aa;
    private const int Grey = 0xaa_aaaa;

    [Theory]
    [Trait("Category", "Boot")]
    [InlineData("recompiler")]
    public void Linux_shows_its_shell_on_the_screen_and_takes_what_is_typed(string engine)
    {
        using var vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.Fast, "console=tty0") with { Engine = engine });
        string prompt = EmbeddedGuest.Prompt.TrimEnd();
        WaitFor(vm, prompt);

        // An empty screen without a cursor, a line in yellow on blue with what needs the Shift key, and the prompt.
        const string Line = "42 ~!@#^&_+{}|:<>? on the SCREEN";
        vm.Keyboard!.Type("printf '\\033[H\\033[J\\033[?25l\\033[1;33;44m%s\\033[m\\n' \"$((6*7)) ~!@#^&_+{}|:<>? on the SCREEN\"\n");
        WaitFor(vm, $"{Line}\n{prompt}\n");
        ScreenImage image = vm.Screen!.Capture();
        Assert.Equal((720, 400), (image.Width, image.Height));
        int lineEnd = Line.Length * CellWidth;
        int promptEnd = prompt.Length * CellWidth;
        Assert.Equal([Blue, Yellow], ColoursIn(image, 0, 0, lineEnd, CellHeight));
        Assert.Equal([0], ColoursIn(image, lineEnd, 0, image.Width, CellHeight));
        Assert.Equal([0, Grey], ColoursIn(image, 0, CellHeight, promptEnd, 2 * CellHeight));
        Assert.Equal([0], ColoursIn(image, promptEnd, CellHeight, image.Width, 2 * CellHeight));
        Assert.Equal([0], ColoursIn(image, 0, 2 * CellHeight, image.Width, image.Height));
    }

    private static void WaitFor(VirtualMachine vm, string text)
    {
        int looks = 0;
        RunResult result = vm.RunUntil(() => ++looks % LooksPerText == 0 && vm.Screen!.Text.Contains(text, StringComparison.Ordinal), EmbeddedGuest.Patience);
        Assert.True(result.Reason == StopReason.ConditionMet, vm.Screen!.Text);
    }

    private static int[] ColoursIn(ScreenImage image, int left, int top, int right, int bottom)
    {
        SortedSet<int> colours = [];
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                colours.Add(image[x, y]);
            }
        }

        return [.. colours];
    }
}
