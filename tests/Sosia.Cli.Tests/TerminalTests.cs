using System;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>The program at a terminal: keys, and the terminal's settings.</summary>
public sealed class TerminalTests : IDisposable
{
    private const string CtrlA = "\u0001";
    private const string CtrlC = "\u0003";

    private const int Continue = 18;
    private const int TerminalStop = 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ctrl_A_X_leaves_with_status_0_and_restores_the_terminal()
    {
        using PseudoTerminal terminal = StartEcho();
        Assert.Contains("-isig", terminal.Settings(), StringComparison.Ordinal);
        terminal.Type(CtrlA + "x");
        Assert.Equal(0, terminal.WaitForEnd());
        Assert.Equal(terminal.OriginalSettings, terminal.Settings());
    }

    [Fact]
    public void Ctrl_C_and_Ctrl_A_A_reach_the_guest()
    {
        using PseudoTerminal terminal = StartEcho();
        terminal.Type("[" + CtrlC + CtrlA + "a" + CtrlA + CtrlA + "]");
        terminal.Expect("[" + CtrlC + CtrlA + CtrlA + "]");
        terminal.Type("q");
        Assert.Equal(1, terminal.WaitForEnd());
        Assert.Equal(terminal.OriginalSettings, terminal.Settings());
    }

    [Fact]
    public void Ctrl_A_B_sends_a_break()
    {
        using var terminal = new PseudoTerminal("run", "--kernel", _folder.Write("kernel", TinyKernel.AwaitBreak), "--debug-exit", "0xf4");
        terminal.Expect("!");
        terminal.Type(CtrlA + "b");
        Assert.Equal(1, terminal.WaitForEnd());
    }

    [Fact]
    public void Ctrl_A_H_helps_and_the_machine_goes_on()
    {
        using PseudoTerminal terminal = StartEcho();
        terminal.Type(CtrlA + "h");
        terminal.Expect("Ctrl-A X");
        terminal.Type(CtrlA + "c");
        terminal.Expect("not implemented yet");
        terminal.Type("still here");
        terminal.Expect("still here");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(15)]
    public void A_signal_restores_the_terminal(int signal)
    {
        using PseudoTerminal terminal = StartEcho();
        terminal.Signal(signal);
        Assert.Equal(128 + signal, terminal.WaitForEnd());
        Assert.Equal(terminal.OriginalSettings, terminal.Settings());
    }

    [Fact]
    public void A_stopped_program_gives_the_terminal_back_and_takes_it_again()
    {
        using PseudoTerminal terminal = StartEcho();
        terminal.Signal(TerminalStop);
        terminal.ExpectSettings(settings => settings == terminal.OriginalSettings);
        terminal.ExpectStopped();
        terminal.Signal(Continue);
        terminal.ExpectSettings(static settings => settings.Contains("-isig", StringComparison.Ordinal));
        terminal.Type("q");
        Assert.Equal(1, terminal.WaitForEnd());
        Assert.Equal(terminal.OriginalSettings, terminal.Settings());
    }

    [Fact]
    public void A_refused_kernel_leaves_the_terminal_alone()
    {
        using var terminal = new PseudoTerminal("run", "--kernel", "/nonexistent");
        terminal.Expect("does not exist");
        Assert.Equal(2, terminal.WaitForEnd());
        Assert.Equal(terminal.OriginalSettings, terminal.Settings());
    }

    [Fact]
    [Trait("Category", "Boot")]
    public void The_embedded_guest_has_a_shell_to_type_into_whose_jobs_Ctrl_C_interrupts()
    {
        using var terminal = new PseudoTerminal("run");
        terminal.Expect("sosia:~# ");
        terminal.Type("echo six-times-seven-is-$((6*7))\r");
        terminal.Expect("six-times-seven-is-42");
        // What the shell echoes of the line differs from what the job prints; that the job prints it says that it has the terminal, so
        // that Ctrl-C is for it and not for the shell.
        terminal.Type("sh -c \"echo star''ted; exec sleep 100000\"\r");
        terminal.Expect("started");
        terminal.Type(CtrlC);
        terminal.Expect("sosia:~# ");
        terminal.Type(CtrlA + "x");
        Assert.Equal(0, terminal.WaitForEnd());
        Assert.Equal(terminal.OriginalSettings, terminal.Settings());
    }

    private PseudoTerminal StartEcho()
    {
        var terminal = new PseudoTerminal("run", "--kernel", _folder.Write("kernel", TinyKernel.Echo), "--debug-exit", "0xf4");
        terminal.Expect("ready");
        return terminal;
    }
}
