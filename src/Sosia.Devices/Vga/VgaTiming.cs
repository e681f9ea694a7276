using System;

namespace Sosia.Devices.Vga;

/// <summary>Where the beam is: what input status register 1 tells, from the CRT controller's registers and guest time.</summary>
internal sealed class VgaTiming
{
    // 640 × 480 at 60 Hz (or 720 × 400 at 70 Hz): what is assumed of registers that describe no picture.
    private const long DefaultLine = 31_778;
    private const int DefaultLines = 449;

    private const byte DisplayDisabled = 0x01;
    private const byte VerticalRetrace = 0x08;

    private long _lineNanoseconds = DefaultLine;
    private long _shownNanoseconds = DefaultLine;
    private int _lineCount = DefaultLines;
    private int _shownLines = DefaultLines;
    private int _retraceStart;
    private int _retraceEnd;

    /// <summary>How long a picture takes.</summary>
    public long FrameNanoseconds => _lineNanoseconds * _lineCount;

    /// <summary>Takes over new values of the registers.</summary>
    public void Update(VgaState state)
    {
        if (state.IsDispiEnabled)
        {
            int lines = state.Dispi[DispiRegister.Height];
            _lineCount = lines + Math.Max(3, lines / 20);
            _lineNanoseconds = Math.Max(1, 1_000_000_000L / 60 / _lineCount);
            _shownNanoseconds = _lineNanoseconds * 4 / 5;
            _shownLines = lines;
            _retraceStart = lines + 1;
            _retraceEnd = _lineCount;
            return;
        }

        byte[] crtc = state.Crtc;
        int total = (crtc[6] | ((crtc[7] & 1) << 8) | ((crtc[7] & 0x20) << 4)) + 2;
        int start = crtc[0x10] | ((crtc[7] & 4) << 6) | ((crtc[7] & 0x80) << 2);
        int shown = state.VerticalDisplayEnd + 1;
        int characters = crtc[0] + 5;
        if (crtc[0] == 0 || total < 16)
        {
            characters = 100;
            total = DefaultLines;
            shown = 400;
            start = 412;
        }

        // Dot clocks of 25.175 and 28.322 MHz; the sequencer may halve them.
        long clock = (state.MiscOutput & 0x0c) == 4 ? 28_322_000 : 25_175_000;
        int dots = (state.Sequencer[1] & 1) != 0 ? 8 : 9;
        int slow = (state.Sequencer[1] & 8) != 0 ? 2 : 1;
        _lineNanoseconds = characters * dots * slow * 1_000_000_000L / clock;
        _shownNanoseconds = Math.Min(crtc[1] + 1, characters - 1) * dots * slow * 1_000_000_000L / clock;
        _lineCount = total;
        _shownLines = shown;
        // Software waits for the retrace: there is one whatever the registers say.
        _retraceStart = start < total ? start : total - 2;
        int width = (crtc[0x11] - _retraceStart) & 15;
        _retraceEnd = Math.Min(_retraceStart + (width == 0 ? 16 : width), total);
    }

    /// <summary>Input status register 1 at a time.</summary>
    public byte Status(long nanoseconds)
    {
        long inFrame = nanoseconds % FrameNanoseconds;
        int line = (int)(inFrame / _lineNanoseconds);
        if (line >= _retraceStart && line < _retraceEnd)
        {
            return VerticalRetrace | DisplayDisabled;
        }

        return line >= _shownLines || inFrame % _lineNanoseconds >= _shownNanoseconds ? DisplayDisabled : (byte)0;
    }
}
