namespace Sosia.Theory;

/// <summary>M of Popek and Goldberg's state (E, M, P, R).</summary>
public enum ProcessorMode
{
    /// <summary>s: the mode in which everything is allowed.</summary>
    Supervisor,

    /// <summary>u: the mode in which a virtual machine's code runs.</summary>
    User,
}
