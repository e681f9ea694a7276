using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Devices.Screen;
using Sosia.Display.Input;

namespace Sosia.Display.Rfb;

/// <summary>
/// Sends a viewer what has changed, when it asks for it and no more often than the screen is drawn. What is sent is copied from the common picture
/// first, so that a slow viewer's encoder holds up nobody.
/// </summary>
internal sealed class RfbUpdater : IDisposable
{
    private const int BusyMilliseconds = 16;

    private const int ResizeByServer = 0;
    private const int ResizeByClient = 1;
    private const int ResizeProhibited = 1;

    // Looks without a change, and the pause after so many: each look wakes the machine's thread. Keys and pointers hurry it.
    private static readonly (int Looks, int Milliseconds)[] QuietPauses = [(100, 200), (50, 100), (30, 50)];

    private static readonly ScreenRectangle Everything = new(0, 0, ushort.MaxValue, ushort.MaxValue);
    private static readonly TimeSpan StallTime = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly MachineScreen _screen;
    private readonly MachinePointer? _pointer;
    private readonly SemaphoreSlim _requested = new(0);
    private readonly SemaphoreSlim _hurry = new(0);
    private readonly RfbBuffer _buffer = new();
    private readonly PixelArea _pixels = new();
    private readonly HextileEncoder _hextile = new();
    private readonly ZrleEncoder _zrle = new();
    private readonly List<ScreenRectangle> _changedTiles = [];
    private readonly List<ScreenRectangle> _changes = [];

    // What the viewer has asked for; under the gate.
    private RfbPixelFormat _format = RfbPixelFormat.Native;
    private int _encoding = RfbEncoding.Raw;
    private bool _knowsResize;
    private bool _knowsExtendedResize;
    private bool _knowsPointerChange;
    private bool _acknowledgesKeys;
    private bool _needsColorMap;
    private bool _announcesSize;
    private bool _refusesResize;
    private bool _isWaiting;
    private bool _wantsAll;
    private ScreenRectangle _wanted;
    private long _asked;
    private long _allAsked;

    // What it has been sent.
    private long _version;
    private bool? _toldAbsolute;
    private int _quietLooks;

    public RfbUpdater(Stream stream, MachineScreen screen, MachinePointer? pointer)
    {
        _stream = stream;
        _screen = screen;
        _pointer = pointer;
    }

    /// <summary>The size that the viewer knows.</summary>
    public (int Width, int Height) Size => (_pixels.Width, _pixels.Height);

    /// <summary>True when the viewer was told that its pointer's events are movements.</summary>
    public bool IsPointerRelative => _toldAbsolute == false;

    /// <summary>Takes the screen's present size for the viewer's.</summary>
    public (int Width, int Height) Begin()
    {
        (int width, int height) = _screen.Read(static picture => (picture.Width, picture.Height), isFresh: true);
        _pixels.Resize(width, height);
        return (width, height);
    }

    /// <summary>The viewer chooses how pixels are written.</summary>
    public void SetFormat(RfbPixelFormat format)
    {
        lock (_gate)
        {
            _format = format;
            _needsColorMap = !format.IsTrueColor;
            _wantsAll = true;
            _wanted = Everything;
            _allAsked = ++_asked;
        }
    }

    /// <summary>The viewer says what it understands, best first.</summary>
    public void SetEncodings(ReadOnlySpan<int> encodings)
    {
        lock (_gate)
        {
            _encoding = RfbEncoding.Raw;
            foreach (int encoding in encodings)
            {
                if (encoding is RfbEncoding.Raw or RfbEncoding.Hextile or RfbEncoding.Zrle)
                {
                    _encoding = encoding;
                    break;
                }
            }

            _knowsResize = encodings.Contains(RfbEncoding.DesktopSize);
            bool knewExtended = _knowsExtendedResize;
            _knowsExtendedResize = encodings.Contains(RfbEncoding.ExtendedDesktopSize);
            _announcesSize |= _knowsExtendedResize && !knewExtended;
            _knowsPointerChange = encodings.Contains(RfbEncoding.PointerMotionChange);
            _acknowledgesKeys = encodings.Contains(RfbEncoding.ExtendedKeyEvent);
            _toldAbsolute = _knowsPointerChange ? _toldAbsolute : null;
        }
    }

    /// <summary>The viewer wants to know what it does not know yet.</summary>
    public void Request(bool isIncremental, ScreenRectangle area)
    {
        lock (_gate)
        {
            _asked++;
            if (!isIncremental)
            {
                _wanted = _wantsAll ? Everything : area;
                _wantsAll = true;
                _allAsked = _asked;
            }

            if (!_isWaiting)
            {
                _isWaiting = true;
                _requested.Release();
            }
        }
    }

    /// <summary>The viewer wants to set the size.</summary>
    public void RefuseResize()
    {
        lock (_gate)
        {
            _refusesResize = true;
        }

        Hurry();
    }

    /// <summary>Something may change soon.</summary>
    public void Hurry()
    {
        _quietLooks = 0;
        if (_hurry.CurrentCount == 0)
        {
            _hurry.Release();
        }
    }

    /// <summary>Sends until it cannot.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await _requested.WaitAsync(cancellation).ConfigureAwait(false);
            while (!Encode())
            {
                _quietLooks++;
                await _hurry.WaitAsync(Pause(), cancellation).ConfigureAwait(false);
            }

            _quietLooks = 0;
            using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            stall.CancelAfter(StallTime);
            await _stream.WriteAsync(_buffer.Memory, stall.Token).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _zrle.Dispose();
        _requested.Dispose();
        _hurry.Dispose();
    }

    private int Pause()
    {
        foreach ((int looks, int milliseconds) in QuietPauses)
        {
            if (_quietLooks > looks)
            {
                return milliseconds;
            }
        }

        return BusyMilliseconds;
    }

    // False when there is nothing to tell.
    private bool Encode()
    {
        RfbPixelFormat format;
        int encoding;
        bool wantsAll;
        long asked;
        ScreenRectangle wanted;
        lock (_gate)
        {
            asked = _asked;
            format = _format;
            encoding = _encoding;
            wantsAll = _wantsAll;
            wanted = _wanted;
        }

        _buffer.Clear();
        if (_needsColorMap)
        {
            _needsColorMap = false;
            AddColorMap();
        }

        int headerAt = _buffer.Count;
        _buffer.AddUInt16(0);
        _buffer.AddUInt16(0);
        (bool isResized, long version) = _screen.Read(picture => Copy(picture, wantsAll, wanted));
        int rectangles = AddPseudoRectangles(isResized);
        if (!isResized)
        {
            foreach (ScreenRectangle change in _changes)
            {
                rectangles += AddPixels(change, format, encoding);
            }
        }

        _version = isResized ? -1 : version;
        if (rectangles == 0)
        {
            return false;
        }

        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(_buffer.Span[(headerAt + 2)..], (ushort)rectangles);
        lock (_gate)
        {
            // What was asked for while this was made is still wanted.
            _isWaiting = _asked != asked;
            if (_isWaiting)
            {
                _requested.Release();
            }

            _wantsAll = isResized || _allAsked > asked;
            _wanted = isResized ? Everything : _wanted;
        }

        return true;
    }

    private (bool IsResized, long Version) Copy(ScreenPicture picture, bool wantsAll, ScreenRectangle wanted)
    {
        _changes.Clear();
        bool differs = picture.Width != _pixels.Width || picture.Height != _pixels.Height;
        if (differs && (_knowsResize || _knowsExtendedResize))
        {
            _pixels.Resize(picture.Width, picture.Height);
            return (true, picture.Version);
        }

        // A viewer that cannot follow sees the upper left part.
        int width = Math.Min(picture.Width, _pixels.Width);
        int height = Math.Min(picture.Height, _pixels.Height);
        var whole = new ScreenRectangle(0, 0, width, height);
        ScreenRectangle again = wantsAll ? Clip(wanted, width, height) : default;
        if (again != whole)
        {
            picture.ListChanges(_version, whole, _changedTiles);
            foreach (ScreenRectangle tiles in _changedTiles)
            {
                _pixels.CopyDifferences(picture, Clip(tiles, width, height), _changes);
            }
        }

        if (wantsAll)
        {
            _pixels.Copy(picture, again);
            _changes.Add(again);
        }

        return (false, picture.Version);
    }

    private static ScreenRectangle Clip(ScreenRectangle area, int width, int height)
    {
        int x = Math.Min(area.X, width);
        int y = Math.Min(area.Y, height);
        return new ScreenRectangle(x, y, Math.Min(area.Width, width - x), Math.Min(area.Height, height - y));
    }

    private int AddPixels(ScreenRectangle area, RfbPixelFormat format, int encoding)
    {
        if (area.Width == 0 || area.Height == 0)
        {
            return 0;
        }

        _buffer.AddRectangle(area.X, area.Y, area.Width, area.Height, encoding);
        switch (encoding)
        {
            case RfbEncoding.Zrle:
                _zrle.Encode(_pixels, area, format, _buffer);
                break;
            case RfbEncoding.Hextile:
                _hextile.Encode(_pixels, area, format, _buffer);
                break;
            default:
                for (int line = 0; line < area.Height; line++)
                {
                    format.Convert(_pixels.Line(area.X, area.Y + line, area.Width), _buffer.Add(area.Width * format.PixelByteCount));
                }

                break;
        }

        return 1;
    }

    private int AddPseudoRectangles(bool isResized)
    {
        int count = 0;
        bool isAbsolute = _pointer is null or { IsAbsolute: true };
        lock (_gate)
        {
            if (_acknowledgesKeys)
            {
                _acknowledgesKeys = false;
                _buffer.AddRectangle(0, 0, _pixels.Width, _pixels.Height, RfbEncoding.ExtendedKeyEvent);
                count++;
            }

            if (_knowsPointerChange && _toldAbsolute != isAbsolute)
            {
                _toldAbsolute = isAbsolute;
                _buffer.AddRectangle(isAbsolute ? 1 : 0, 0, _pixels.Width, _pixels.Height, RfbEncoding.PointerMotionChange);
                count++;
            }

            if (_refusesResize && _knowsExtendedResize)
            {
                AddScreens(ResizeByClient, ResizeProhibited);
                count++;
            }

            _refusesResize = false;
            if ((isResized || _announcesSize) && _knowsExtendedResize)
            {
                AddScreens(ResizeByServer, 0);
                count++;
            }
            else if (isResized)
            {
                _buffer.AddRectangle(0, 0, _pixels.Width, _pixels.Height, RfbEncoding.DesktopSize);
                count++;
            }

            _announcesSize = false;
        }

        return count;
    }

    // One screen, which fills the picture.
    private void AddScreens(int reason, int status)
    {
        _buffer.AddRectangle(reason, status, _pixels.Width, _pixels.Height, RfbEncoding.ExtendedDesktopSize);
        _buffer.AddInt32(1 << 24);
        _buffer.AddInt32(0);
        _buffer.AddInt32(0);
        _buffer.AddUInt16(_pixels.Width);
        _buffer.AddUInt16(_pixels.Height);
        _buffer.AddInt32(0);
    }

    private void AddColorMap()
    {
        _buffer.AddByte(1);
        _buffer.AddByte(0);
        _buffer.AddUInt16(0);
        _buffer.AddUInt16(256);
        for (int i = 0; i < 256; i++)
        {
            _buffer.AddUInt16((i >> 5) * 0xffff / 7);
            _buffer.AddUInt16(((i >> 2) & 7) * 0xffff / 7);
            _buffer.AddUInt16((i & 3) * 0xffff / 3);
        }
    }
}
