namespace Sosia.Theory;

/// <summary>Where an instruction stands with respect to the theorems.</summary>
public enum InstructionClass
{
    /// <summary>Not sensitive: the hardware may execute it directly.</summary>
    Innocuous,

    /// <summary>Traps in every user state, and completes in some supervisor state.</summary>
    Privileged,

    /// <summary>Sensitive; traps in every user state in which the control program withholds the rights that can be withheld.</summary>
    Withholdable,

    /// <summary>Sensitive and not privileged: breaks theorem 1.</summary>
    Unprivileged,
}
