namespace Sosia.Theory;

/// <summary>When an instruction traps in user mode.</summary>
public enum UserTraps
{
    /// <summary>It completes in some state, even with all rights withheld.</summary>
    No,

    /// <summary>It completes in some state, but in none in which the control program withholds all rights that can be withheld.</summary>
    WhenWithheld,

    /// <summary>In every state.</summary>
    Always,
}
