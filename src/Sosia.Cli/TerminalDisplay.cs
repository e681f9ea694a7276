using System;
using System.Text;
using System.Threading;
using Sosia.Devices.Screen;
using Sosia.Display;
using Sosia.Display.Terminal;
using Sosia.Host.Linux.Terminal;

namespace Sosia.Cli;

/// <summary>The machine's screen on this terminal, drawn by a thread of its own.</summary>
internal sealed class TerminalDisplay : IDisposable
{
    private const int PeriodMilliseconds = 33;
    private const int InterruptMilliseconds = 3000;
    private const int EndMilliseconds = 2000;

    private readonly Lock _gate = new();
    private readonly MachineScreen _screen;
    private readonly HostDescriptor _terminal;
    private readonly TerminalRenderer _renderer = new();
    private readonly ManualResetEventSlim _ending = new();
    private readonly Thread _thread;
    private long _pausedUntil;
    private bool _isShown;

    public TerminalDisplay(MachineScreen screen, HostDescriptor terminal)
    {
        _screen = screen;
        _terminal = terminal;
        _thread = new Thread(Run) { IsBackground = true, Name = "terminal display" };
    }

    /// <summary>Begins to draw.</summary>
    public void Start()
    {
        Enter();
        _thread.Start();
    }

    /// <summary>Takes the terminal (again).</summary>
    public void Enter()
    {
        lock (_gate)
        {
            _isShown = true;
            _renderer.Forget();
            Write(TerminalRenderer.Begin);
        }
    }

    /// <summary>Gives the terminal back as it was.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (_isShown)
            {
                _isShown = false;
                Write(TerminalRenderer.End);
            }
        }
    }

    /// <summary>A message is written over the picture: it is left there for a while.</summary>
    public void Interrupt()
    {
        lock (_gate)
        {
            _pausedUntil = Environment.TickCount64 + InterruptMilliseconds;
            _renderer.Forget();
            if (_isShown)
            {
                Write("\e[0m\e[H");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Set();
        if (_thread.IsAlive)
        {
            _thread.Join(EndMilliseconds);
        }

        Leave();
    }

    private void Run()
    {
        while (!_ending.Wait(PeriodMilliseconds))
        {
            // Looking may wait for the machine's thread; nobody waits for us meanwhile.
            ScreenText? text = _screen.ReadText();
            lock (_gate)
            {
                if (_isShown && Environment.TickCount64 >= _pausedUntil)
                {
                    Draw(text);
                }
            }
        }
    }

    private void Draw(ScreenText? text)
    {
        (int columns, int rows) = _terminal.TerminalSize ?? (80, 25);
        Write(text is not null
            ? _renderer.Draw(text, columns, rows)
            : _screen.Read(picture => _renderer.Draw(picture, columns, rows)));
    }

    private void Write(string text)
    {
        if (text.Length != 0)
        {
            _ = _terminal.Write(Encoding.UTF8.GetBytes(text));
        }
    }
}
