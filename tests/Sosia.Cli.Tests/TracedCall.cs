using System;
using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace Sosia.Cli.Tests;

/// <summary>A system call, or a signal's arrival, in what "strace -f -y" wrote.</summary>
/// <param name="Text">The call with its arguments and result.</param>
/// <param name="Start">The number of the line on which it began.</param>
/// <param name="End">The number of the line on which it returned: a later one if another thread's call came between.</param>
internal sealed partial record TracedCall(string Text, int Start, int End)
{
    private const string Unfinished = " <unfinished ...>";

    public string Name => Text[..Math.Max(0, Text.IndexOf('('))];

    /// <summary>The calls of a trace, in the order in which they returned.</summary>
    public static List<TracedCall> Parse(string[] lines)
    {
        var calls = new List<TracedCall>();
        var open = new Dictionary<string, (string Text, int Start)>();
        for (int i = 0; i < lines.Length; i++)
        {
            Match line = LinePattern().Match(lines[i]);
            string thread = line.Groups["thread"].Value;
            string text = line.Groups["text"].Value;
            if (text.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                open[thread] = (text[..^Unfinished.Length], i);
            }
            else if (line.Groups["rest"] is { Success: true } rest && open.Remove(thread, out (string Text, int Start) begun))
            {
                calls.Add(new TracedCall(begun.Text + rest.Value, begun.Start, i));
            }
            else
            {
                calls.Add(new TracedCall(text, i, i));
            }
        }

        return calls;
    }

    [GeneratedRegex(@"^(?<thread>\d+) +(?<text>(<\.\.\. \w+ resumed>(?<rest>.*))|.*)$")]
    private static partial Regex LinePattern();
}
