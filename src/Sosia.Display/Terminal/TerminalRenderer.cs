using System;
using System.Globalization;
using System.Text;
using Sosia.Devices.Screen;

namespace Sosia.Display.Terminal;

/// <summary>
/// Draws a screen on a terminal that understands ECMA-48 and 24-bit colours: text as text, pictures as half blocks, two pixels above each other in
/// each cell. Only what has changed is written.
/// </summary>
public sealed class TerminalRenderer
{
    private const char UpperHalf = '▀';

    private readonly StringBuilder _output = new();
    private Cell[] _drawn = [];
    private Cell[] _wanted = [];
    private int _columns;
    private int _rows;
    private uint _foreground = uint.MaxValue;
    private uint _background = uint.MaxValue;

    /// <summary>What is to be written before the first picture: another screen, without a cursor.</summary>
    public static string Begin => "\e[?1049h\e[?25l\e[0m\e[2J";

    /// <summary>What is to be written after the last picture: the terminal is as it was.</summary>
    public static string End => "\e[0m\e[?25h\e[?1049l";

    /// <summary>Draws text.</summary>
    /// <param name="text">The screen.</param>
    /// <param name="columns">The terminal's columns; what does not fit is not seen.</param>
    /// <param name="rows">The terminal's rows.</param>
    /// <returns>What is to be written to the terminal; empty when nothing has changed.</returns>
    public string Draw(ScreenText text, int columns, int rows)
    {
        ArgumentNullException.ThrowIfNull(text);
        Prepare(columns, rows);
        for (int row = 0; row < Math.Min(rows, text.Rows); row++)
        {
            for (int column = 0; column < Math.Min(columns, text.Columns); column++)
            {
                ScreenCell cell = text.Cell(column, row);
                bool isCursor = row == text.CursorRow && column == text.CursorColumn;
                _wanted[(row * columns) + column] = isCursor
                    ? new Cell(ScreenText.ToUnicode(cell.Code), cell.Background, cell.Foreground)
                    : new Cell(ScreenText.ToUnicode(cell.Code), cell.Foreground, cell.Background);
            }
        }

        return Finish();
    }

    /// <summary>Draws a picture, made as small as the terminal.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="columns">The terminal's columns.</param>
    /// <param name="rows">The terminal's rows.</param>
    /// <returns>What is to be written to the terminal; empty when nothing has changed.</returns>
    public string Draw(ScreenPicture picture, int columns, int rows)
    {
        ArgumentNullException.ThrowIfNull(picture);
        Prepare(columns, rows);
        int height = Math.Min(2 * rows, Math.Max(2, columns * picture.Height / picture.Width));
        int width = Math.Clamp(height * picture.Width / picture.Height, 1, columns);
        for (int row = 0; row < height / 2; row++)
        {
            ReadOnlySpan<int> upper = picture.Line(2 * row * picture.Height / height);
            ReadOnlySpan<int> lower = picture.Line(((2 * row) + 1) * picture.Height / height);
            for (int column = 0; column < width; column++)
            {
                int x = column * picture.Width / width;
                _wanted[(row * columns) + column] = new Cell(UpperHalf, (uint)upper[x] & 0xff_ffff, (uint)lower[x] & 0xff_ffff);
            }
        }

        return Finish();
    }

    /// <summary>Everything is drawn anew next time.</summary>
    public void Forget() => _columns = 0;

    private void Prepare(int columns, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        _output.Clear();
        var empty = new Cell(' ', 0xaa_aaaa, 0);
        if (columns != _columns || rows != _rows)
        {
            (_columns, _rows) = (columns, rows);
            _drawn = new Cell[columns * rows];
            _wanted = new Cell[columns * rows];
            _foreground = _background = uint.MaxValue;
        }

        Array.Fill(_wanted, empty);
    }

    private string Finish()
    {
        int at = -1;
        for (int i = 0; i < _wanted.Length; i++)
        {
            Cell cell = _wanted[i];
            if (cell == _drawn[i])
            {
                continue;
            }

            if (at != i || i % _columns == 0)
            {
                _output.Append(CultureInfo.InvariantCulture, $"\e[{(i / _columns) + 1};{(i % _columns) + 1}H");
            }

            SetColor(ref _foreground, cell.Foreground, 38);
            SetColor(ref _background, cell.Background, 48);
            _output.Append(cell.Character);
            _drawn[i] = cell;
            at = i + 1;
        }

        return _output.ToString();
    }

    private void SetColor(ref uint current, uint wanted, int code)
    {
        if (current != wanted)
        {
            current = wanted;
            _output.Append(CultureInfo.InvariantCulture, $"\e[{code};2;{(wanted >> 16) & 0xff};{(wanted >> 8) & 0xff};{wanted & 0xff}m");
        }
    }

    // The character 0 is on no screen: such a cell was never drawn.
    private readonly record struct Cell(char Character, uint Foreground, uint Background);
}
