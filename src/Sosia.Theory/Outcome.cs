using System;

namespace Sosia.Theory;

/// <summary>
/// What one instruction did to one state, in the terms of the definitions. The words' meaning is the ISA's; two outcomes of the same ISA have the same
/// number of them. Buffers are used again: an execution writes into an outcome that exists.
/// </summary>
public sealed class Outcome
{
    /// <summary>Creates a buffer.</summary>
    /// <param name="programWordCount">How many words <see cref="Program"/> has.</param>
    /// <param name="resourceWordCount">How many words <see cref="ResourcesBefore"/> and <see cref="ResourcesAfter"/> have.</param>
    public Outcome(int programWordCount, int resourceWordCount)
    {
        Program = new ulong[programWordCount];
        ResourcesBefore = new ulong[resourceWordCount];
        ResourcesAfter = new ulong[resourceWordCount];
    }

    /// <summary>How it ended.</summary>
    public OutcomeKind Kind { get; set; }

    /// <summary>Which trap it is, when it is one: a number of the ISA's that includes everything that the handler is told.</summary>
    public ulong Trap { get; set; }

    /// <summary>The mode in which it was executed.</summary>
    public ProcessorMode ModeBefore { get; set; }

    /// <summary>The mode after it; of a trap, that of the handler.</summary>
    public ProcessorMode ModeAfter { get; set; }

    /// <summary>E and P: registers, flags, next instruction and memory as the program sees them, relative to where the program is.</summary>
    public ulong[] Program { get; }

    /// <summary>R before: everything that the control program grants or withholds.</summary>
    public ulong[] ResourcesBefore { get; }

    /// <summary>R after, in the same order.</summary>
    public ulong[] ResourcesAfter { get; }

    /// <summary>Whether it tells anything under the definitions.</summary>
    public bool Counts => Kind is OutcomeKind.Completed or OutcomeKind.Trapped;

    /// <summary>Whether it was completed and changed the mode or the resources: control-sensitive.</summary>
    public bool ChangesControl
        => Kind == OutcomeKind.Completed && (ModeBefore != ModeAfter || !ResourcesBefore.AsSpan().SequenceEqual(ResourcesAfter));

    /// <summary>Whether the program can tell this from another outcome: by a trap, another trap, or another result.</summary>
    public bool LooksLike(Outcome other)
        => Kind == other.Kind && (Kind == OutcomeKind.Trapped ? Trap == other.Trap : Program.AsSpan().SequenceEqual(other.Program));

    /// <summary>Whether it changes the resources in the same way as another outcome.</summary>
    public bool ChangesLike(Outcome other)
    {
        if (Kind != OutcomeKind.Completed || other.Kind != OutcomeKind.Completed)
        {
            return true;
        }

        for (int i = 0; i < ResourcesBefore.Length; i++)
        {
            bool changes = ResourcesBefore[i] != ResourcesAfter[i];
            if (changes != (other.ResourcesBefore[i] != other.ResourcesAfter[i]) || (changes && ResourcesAfter[i] != other.ResourcesAfter[i]))
            {
                return false;
            }
        }

        return true;
    }
}
