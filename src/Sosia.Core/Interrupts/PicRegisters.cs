namespace Sosia.Core.Interrupts;

/// <summary>Everything that an 8259A holds (Intel data sheet 231468), and the levels of its inputs.</summary>
public struct PicRegisters
{
    /// <summary>The inputs' levels, a bit each.</summary>
    public byte Lines;

    /// <summary>IRR.</summary>
    public byte Requests;

    /// <summary>IMR.</summary>
    public byte Mask;

    /// <summary>ISR.</summary>
    public byte InService;

    /// <summary>The level with the lowest priority, 0 to 7.</summary>
    public byte LowestPriority;

    /// <summary>ICW2: the vector of level 0.</summary>
    public byte VectorBase;

    /// <summary>ICW3.</summary>
    public byte Cascade;

    /// <summary>The edge/level control register.</summary>
    public byte EdgeLevel;

    /// <summary>The initialization word that a write to the second port is: 2, 3 or 4; 0 for none.</summary>
    public byte ExpectedWord;

    /// <summary>ICW1 asked for an ICW4.</summary>
    public bool NeedsIcw4;

    /// <summary>OCW3: a read of the first port gives ISR.</summary>
    public bool ReadsInService;

    /// <summary>OCW3: the next read is a poll.</summary>
    public bool Poll;

    /// <summary>OCW3: special mask mode.</summary>
    public bool SpecialMask;

    /// <summary>ICW4: automatic end of interrupt.</summary>
    public bool AutoEoi;

    /// <summary>OCW2: rotation in automatic end of interrupt.</summary>
    public bool RotatesOnAutoEoi;

    /// <summary>ICW4: special fully nested mode.</summary>
    public bool SpecialFullyNested;
}
