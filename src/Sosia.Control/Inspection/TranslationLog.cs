using System.IO;
using Sosia.Engines.Recompiler;

namespace Sosia.Control.Inspection;

/// <summary>Writes translations as text, as they are made.</summary>
/// <param name="output">Where to.</param>
/// <param name="parts">What of them.</param>
/// <param name="first">The first instruction address that is wanted.</param>
/// <param name="last">The last one.</param>
public sealed class TranslationLog(TextWriter output, TranslationParts parts, ulong first = 0, ulong last = ulong.MaxValue) : ITranslationObserver
{
    /// <inheritdoc/>
    public void Translated(in TranslatedBlock block)
    {
        // A block whose end is at the top of the address space does not wrap.
        ulong end = block.Rip + (ulong)(block.GuestCode.Length - 1);
        if (block.Rip <= last && end >= first)
        {
            output.Write(TranslationText.Of(block, parts));
            output.WriteLine();
        }
    }

    /// <inheritdoc/>
    public void Cleared()
    {
        output.WriteLine("all translations dropped");
        output.WriteLine();
    }
}
