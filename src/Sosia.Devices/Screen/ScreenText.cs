using System;
using System.Text;

namespace Sosia.Devices.Screen;

/// <summary>The characters on a screen in a text mode.</summary>
/// <param name="columns">Characters in a row.</param>
/// <param name="rows">How many rows.</param>
/// <param name="cells">The characters, row by row.</param>
/// <param name="cursorColumn">Where the cursor is; meaningless while it is not shown.</param>
/// <param name="cursorRow">Where the cursor is, or −1 while it is not shown.</param>
public sealed class ScreenText(int columns, int rows, ScreenCell[] cells, int cursorColumn, int cursorRow)
{
    // Code page 437 as its characters look on the screen.
    private const string Characters =
        " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼ !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂"
        + "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

    /// <summary>Characters in a row.</summary>
    public int Columns { get; } = columns;

    /// <summary>How many rows.</summary>
    public int Rows { get; } = rows;

    /// <summary>The cursor's column; meaningless while it is not shown.</summary>
    public int CursorColumn { get; } = cursorColumn;

    /// <summary>The cursor's row, or −1 while it is not shown.</summary>
    public int CursorRow { get; } = cursorRow;

    /// <summary>The characters, row by row.</summary>
    public ReadOnlySpan<ScreenCell> Cells => cells;

    /// <summary>The Unicode character that looks like one of code page 437.</summary>
    public static char ToUnicode(byte code) => Characters[code];

    /// <summary>The cell at a place.</summary>
    public ScreenCell Cell(int column, int row) => cells[(row * Columns) + column];

    /// <summary>A row's text, without spaces at its end.</summary>
    public string Line(int row)
    {
        var text = new StringBuilder(Columns);
        for (int column = 0; column < Columns; column++)
        {
            text.Append(ToUnicode(Cell(column, row).Code));
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>All rows' text, each ended by a line feed; empty rows at the end are left out.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int row = 0; row < Rows; row++)
        {
            text.Append(Line(row)).Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }
}
