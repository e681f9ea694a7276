using System;
using System.Collections.Generic;
using System.IO;

namespace Sosia.Cli;

/// <summary>Columns of text, as wide as they need to be.</summary>
internal sealed class TextTable
{
    private readonly List<string[]> _rows = [];

    public TextTable(params string[] header)
    {
        _rows.Add(header);
    }

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(TextWriter output)
    {
        int[] widths = new int[_rows[0].Length];
        foreach (string[] row in _rows)
        {
            for (int i = 0; i < widths.Length; i++)
            {
                widths[i] = Math.Max(widths[i], row[i].Length);
            }
        }

        foreach (string[] row in _rows)
        {
            for (int i = 0; i < row.Length - 1; i++)
            {
                output.Write(row[i].PadRight(widths[i] + 2));
            }

            output.WriteLine(row[^1]);
        }
    }
}
