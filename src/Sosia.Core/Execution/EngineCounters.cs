using System.Collections.Generic;

namespace Sosia.Core.Execution;

/// <summary>What an engine has done so far, over all CPUs, for people who measure it.</summary>
/// <param name="Translations">Pieces of guest code that it prepared.</param>
/// <param name="HelperCalls">Calls from translated code back into the engine, for an instruction or an access that has no code of its own.</param>
public readonly record struct EngineCounters(long Translations, long HelperCalls)
{
    /// <summary>Guest instructions in what was prepared; 0 for an engine that makes no host code.</summary>
    public long TranslatedInstructions { get; init; }

    /// <summary>Host nanoseconds spent on making host code.</summary>
    public long TranslationNanoseconds { get; init; }

    /// <summary>
    /// Guest instructions that were retired while host code ran, those that it had the interpreter execute in between included; all others were
    /// interpreted.
    /// </summary>
    public long InstructionsInHostCode { get; init; }

    /// <summary>Room for host code in bytes.</summary>
    public long CodeCacheByteCount { get; init; }

    /// <summary>Host code that is kept now, in bytes.</summary>
    public long CodeCacheUsedByteCount { get; init; }

    /// <summary>How often everything that was prepared was dropped.</summary>
    public long CacheFlushes { get; init; }

    /// <summary>Times that translated code called the interpreter's handler of an instruction, by mnemonic; null for none.</summary>
    public IReadOnlyDictionary<string, long>? CallsByMnemonic { get; init; }

    /// <summary>Guest instructions that the host's processor executed directly, as the guest has them; −1 when they cannot be counted.</summary>
    public long InstructionsNative { get; init; }

    /// <summary>Guest instructions that the interpreter executed because the technique could not.</summary>
    public long InstructionsInterpretedForHost { get; init; }

    /// <summary>What reached devices and processors without the guest's being left for it, by kind; null for an engine that has no such ways.</summary>
    public IReadOnlyDictionary<string, long>? SparedExits { get; init; }

    /// <summary>How often the technique met an instruction that it could not execute.</summary>
    public long EmulationFailures { get; init; }

    /// <summary>
    /// How often execution left guest code for the VMM, by cause (see <see cref="ExitCause"/>); null when the engine does not count it. An instruction
    /// counts under each cause that it had.
    /// </summary>
    public IReadOnlyDictionary<string, long>? ExitsByCause { get; init; }
}
