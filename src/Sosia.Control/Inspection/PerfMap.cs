using System.Globalization;
using System.IO;
using Sosia.Engines.Recompiler;

namespace Sosia.Control.Inspection;

/// <summary>
/// Writes the file by which perf(1) names code that is in no file: a line per translated block with address, size and name (Linux source,
/// tools/perf/Documentation/jit-interface.txt). When the code cache is emptied its addresses are used again, and perf takes one of the names.
/// </summary>
/// <param name="output">The file.</param>
public sealed class PerfMap(TextWriter output) : ITranslationObserver
{
    /// <summary>Where perf looks for the file of a process.</summary>
    public static string PathOf(int processId) => string.Create(CultureInfo.InvariantCulture, $"/tmp/perf-{processId}.map");

    /// <inheritdoc/>
    public void Translated(in TranslatedBlock block)
        => output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{block.HostAddress:x} {block.HostCode.Length:x} guest:0x{block.Rip:x}"));

    /// <inheritdoc/>
    public void Cleared()
    {
    }
}
