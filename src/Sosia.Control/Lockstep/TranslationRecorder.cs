using System.Collections.Generic;
using Sosia.Control.Inspection;
using Sosia.Engines.Recompiler;

namespace Sosia.Control.Lockstep;

/// <summary>Keeps the translations that an instruction is part of.</summary>
internal sealed class TranslationRecorder(ulong rip) : ITranslationObserver
{
    private const int MaxKept = 4;

    private readonly List<string> _texts = [];

    /// <summary>The translations as text, oldest first.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <inheritdoc/>
    public void Translated(in TranslatedBlock block)
    {
        if (rip - block.Rip < (ulong)block.GuestCode.Length && _texts.Count < MaxKept)
        {
            _texts.Add(TranslationText.Of(block, TranslationParts.All));
        }
    }

    /// <inheritdoc/>
    public void Cleared()
    {
    }
}
