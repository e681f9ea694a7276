using System;
using System.Diagnostics;

namespace Sosia.Cli.Disk;

/// <summary>A bar on a terminal's standard error that shows how far a long operation is; nothing where that is no terminal.</summary>
internal sealed class ProgressBar : IDisposable
{
    private const int Width = 40;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _isShown = !Console.IsErrorRedirected;
    private readonly string _what;
    private readonly ulong _total;
    private long _last;
    private bool _isDrawn;

    public ProgressBar(string what, ulong total)
    {
        _what = what;
        _total = Math.Max(1, total);
    }

    public void Report(ulong done)
    {
        if (!_isShown || (_isDrawn && Stopwatch.GetElapsedTime(_last) < Interval && done < _total))
        {
            return;
        }

        _last = Stopwatch.GetTimestamp();
        _isDrawn = true;
        double part = Math.Min(1, (double)done / _total);
        int filled = (int)(part * Width);
        Console.Error.Write($"\r{_what} [{new string('#', filled)}{new string('.', Width - filled)}] {part * 100,5:0.0} %");
    }

    public void Dispose()
    {
        if (_isDrawn)
        {
            // The line is the messages' again.
            Console.Error.Write("\r\x1b[K");
        }
    }
}
