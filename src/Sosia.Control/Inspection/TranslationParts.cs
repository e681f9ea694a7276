using System;

namespace Sosia.Control.Inspection;

/// <summary>What to show of a translation.</summary>
[Flags]
public enum TranslationParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The guest's code.</summary>
    Guest = 1,

    /// <summary>The intermediate code.</summary>
    Intermediate = 2,

    /// <summary>The host's code.</summary>
    Host = 4,

    /// <summary>Everything.</summary>
    All = Guest | Intermediate | Host,
}
