using System.Collections.Generic;
using Sosia.Engines.Recompiler;

namespace Sosia.Control.Inspection;

/// <summary>Several observers as one.</summary>
/// <param name="observers">In the order in which they are told.</param>
public sealed class TranslationObservers(IReadOnlyList<ITranslationObserver> observers) : ITranslationObserver
{
    /// <inheritdoc/>
    public void Translated(in TranslatedBlock block)
    {
        foreach (ITranslationObserver observer in observers)
        {
            observer.Translated(in block);
        }
    }

    /// <inheritdoc/>
    public void Cleared()
    {
        foreach (ITranslationObserver observer in observers)
        {
            observer.Cleared();
        }
    }
}
