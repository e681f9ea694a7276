using System;
using System.Diagnostics;
using System.Threading;
using Sosia.Devices.Screen;

namespace Sosia.Display;

/// <summary>
/// What a machine shows, for anybody who looks: one picture, brought up to date when somebody asks, at most as often as a monitor would. All members
/// may be called from any thread.
/// </summary>
public sealed class MachineScreen
{
    /// <summary>How many pictures a second there are at most.</summary>
    public const int MaxPicturesPerSecond = 60;

    private readonly IScreenSource _source;
    private readonly Func<Action, bool> _invoke;
    private readonly Lock _gate = new();
    private readonly ScreenPicture _picture = new();
    private readonly Action _capture;
    private long _refreshedAt;
    private bool _hasChanged;
    private volatile bool _isClosed;

    /// <summary>Creates the view of a device's screen.</summary>
    /// <param name="source">The device.</param>
    /// <param name="invoke">Has something done on the machine's thread and waits for it; false when there is no machine any more.</param>
    public MachineScreen(IScreenSource source, Func<Action, bool> invoke)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(invoke);
        _source = source;
        _invoke = invoke;
        _capture = Note;
        _picture.Resize(640, 480);
    }

    /// <summary>The picture as it is now.</summary>
    public ScreenImage Capture() => Read(static picture => new ScreenImage(picture.Width, picture.Height, picture.Pixels.ToArray()), isFresh: true);

    /// <summary>The characters on the screen, rows ended by line feeds; empty in graphics modes.</summary>
    public string Text => ReadText()?.ToString() ?? string.Empty;

    /// <summary>The characters on the screen with their colours; null in graphics modes.</summary>
    public ScreenText? ReadText()
    {
        Refresh(isFresh: true);
        lock (_gate)
        {
            return _isClosed ? null : _source.ReadText();
        }
    }

    /// <summary>Brings the picture up to date and lets somebody look at it; nobody changes it meanwhile.</summary>
    /// <typeparam name="T">What is found there.</typeparam>
    /// <param name="read">Looks; should not take long.</param>
    /// <param name="isFresh">True if it must be as it is now; false if it may be as old as a monitor's.</param>
    public T Read<T>(Func<ScreenPicture, T> read, bool isFresh = false)
    {
        ArgumentNullException.ThrowIfNull(read);
        Refresh(isFresh);
        lock (_gate)
        {
            return read(_picture);
        }
    }

    /// <summary>The machine goes away: the picture stays as it is.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }
    }

    // On the machine's thread.
    private void Note()
    {
        lock (_gate)
        {
            _hasChanged |= !_isClosed && _source.Capture();
        }
    }

    // Nobody waits for the machine's thread under the lock, which that thread takes too.
    private void Refresh(bool isFresh)
    {
        long now = Stopwatch.GetTimestamp();
        long before = Interlocked.Read(ref _refreshedAt);
        if (!isFresh && now - before < Stopwatch.Frequency / MaxPicturesPerSecond)
        {
            return;
        }

        Interlocked.Exchange(ref _refreshedAt, now);
        if (!_invoke(_capture))
        {
            return;
        }

        lock (_gate)
        {
            if (_hasChanged && !_isClosed)
            {
                _hasChanged = false;
                _source.Render(_picture);
            }
        }
    }
}
