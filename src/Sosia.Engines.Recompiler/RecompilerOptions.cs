using Sosia.Jit.X64;

namespace Sosia.Engines.Recompiler;

/// <summary>What can be said about the recompiler; the defaults are what serves guests best.</summary>
public sealed record RecompilerOptions
{
    /// <summary>The smallest <see cref="CacheByteCount"/>.</summary>
    public const long MinCacheByteCount = CodeCache.MinimumByteCount;

    /// <summary>The largest <see cref="CacheByteCount"/>: jumps within it reach everywhere.</summary>
    public const long MaxCacheByteCount = CodeCache.MaximumByteCount;

    /// <summary>The defaults.</summary>
    public static RecompilerOptions Default { get; } = new();

    /// <summary>Host code that is kept, in bytes, for each processor.</summary>
    public long CacheByteCount { get; init; } = 64L << 20;

    /// <summary>The execution of a block for which it is translated; at least 1. Those before are interpreted. For finding faults: 1 translates everything at once.</summary>
    public int WarmExecutions { get; init; } = 16;

    /// <summary>The longest block, in instructions; 1 to 64. For finding faults: translations then end where one is looked for.</summary>
    public int MaxBlockInstructions { get; init; } = 64;

    /// <summary>Is told of every translation; null for nobody.</summary>
    public ITranslationObserver? Observer { get; init; }

    /// <summary>What the host has; null for <see cref="Isa.X86.HostFeatures.Available"/>. Guests' vector instructions of other features are left to the interpreter's handlers.</summary>
    public ulong? HostFeatures { get; init; }
}
