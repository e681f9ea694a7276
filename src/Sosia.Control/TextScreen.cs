using System;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Sosia.Devices.I8042;
using Sosia.Display;
using Sosia.Display.Input;

namespace Sosia.Control;

/// <summary>
/// A machine's screen and keyboard as a terminal, for programs: what a text mode shows, what to type, and waiting for text. It is to the screen what
/// <see cref="GuestConsole"/> is to the serial port, but for one thing: a screen has no past, so what is waited for is what it shows at some moment.
/// </summary>
/// <example>
/// <code>
/// vm.TextScreen!.Expect("login:");
/// vm.TextScreen.Type("root\n");
/// </code>
/// </example>
public sealed class TextScreen
{
    // How much guest time passes between two looks at the screen.
    private const long LookNanoseconds = 50_000_000;

    private readonly VirtualMachine _machine;
    private readonly MachineScreen _screen;
    private readonly MachineKeyboard _keyboard;

    internal TextScreen(VirtualMachine machine, MachineScreen screen, MachineKeyboard keyboard)
    {
        _machine = machine;
        _screen = screen;
        _keyboard = keyboard;
    }

    /// <summary>The characters on the screen, rows ended by line feeds; empty in graphics modes. Usable from any thread.</summary>
    public string Text => _screen.Text;

    /// <summary>Types a text as on an American keyboard; a line feed is Enter. The keys wait until the guest takes them. Callable from any thread.</summary>
    /// <param name="text">ASCII text.</param>
    /// <exception cref="Core.SosiaException">A character is on no key.</exception>
    public void Type(string text) => _keyboard.Type(text);

    /// <summary>Presses keys one after the other, then releases them. Callable from any thread.</summary>
    /// <param name="keys">The keys.</param>
    public void Tap(params Ps2Key[] keys) => _keyboard.Tap(keys);

    /// <summary>Waits until the screen shows a text. Runs the machine on this thread unless it is running already.</summary>
    /// <param name="text">The exact characters, within one row or with line feeds between rows.</param>
    /// <param name="timeout">How much host time to give it; a minute when null.</param>
    /// <returns>What the whole screen shows then.</returns>
    /// <exception cref="ExpectException">The time passed, or the machine ended before.</exception>
    public string Expect(string text, TimeSpan? timeout = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return Wait(shown => shown.Contains(text, StringComparison.Ordinal), $"'{text}'", timeout);
    }

    /// <summary>As <see cref="Expect(string, TimeSpan?)"/>, for a regular expression over the whole screen.</summary>
    public string Expect(Regex pattern, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return Wait(pattern.IsMatch, $"/{pattern}/", timeout);
    }

    /// <summary>As <see cref="Expect(string, TimeSpan?)"/>, on a thread of the pool.</summary>
    public Task<string> ExpectAsync(string text, TimeSpan? timeout = null) => Task.Run(() => Expect(text, timeout));

    /// <summary>As <see cref="Expect(Regex, TimeSpan?)"/>, on a thread of the pool.</summary>
    public Task<string> ExpectAsync(Regex pattern, TimeSpan? timeout = null) => Task.Run(() => Expect(pattern, timeout));

    private string Wait(Func<string, bool> isShown, string description, TimeSpan? timeout)
    {
        TimeSpan limit = timeout ?? TimeSpan.FromMinutes(1);
        string shown = string.Empty;
        long nextLook = long.MinValue;
        RunResult result = _machine.RunUntil(
            () =>
            {
                long now = _machine.Machine.Clock.NowNanoseconds;
                if (now < nextLook)
                {
                    return false;
                }

                nextLook = now + LookNanoseconds;
                shown = _screen.Text;
                return isShown(shown);
            },
            limit);
        if (result.Reason == StopReason.ConditionMet || isShown(shown = _screen.Text))
        {
            return shown;
        }

        throw new ExpectException($"The guest did not show {description} {ExpectException.Why(result, limit)}. Its screen:\n{shown}", result);
    }
}
