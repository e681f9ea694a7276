namespace Sosia.Theory;

/// <summary>How the execution of one instruction ended.</summary>
public enum OutcomeKind
{
    /// <summary>The instruction was executed; the next one follows it, or stands where it led.</summary>
    Completed,

    /// <summary>Control passed to the control program's handler, with what is needed to resume saved, and nothing else happened.</summary>
    Trapped,

    /// <summary>A trap because of an operand's address: the definitions treat it apart.</summary>
    MemoryTrapped,

    /// <summary>The processor stopped without reaching a handler: the state is none that a control program would allow, and says nothing.</summary>
    Lost,
}
