namespace Sosia.Engines.Recompiler;

/// <summary>Is told of translations: for logs, profiles and reports.</summary>
public interface ITranslationObserver
{
    /// <summary>A block was translated. Called on the machine's thread; what it is given is valid until it returns.</summary>
    void Translated(in TranslatedBlock block);

    /// <summary>All host code was dropped, and its place will be used again.</summary>
    void Cleared();
}
