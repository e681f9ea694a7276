namespace Sosia.Theory;

/// <summary>What a row's author believes; the classification checks it.</summary>
public enum RowClaim
{
    /// <summary>Neither privileged nor sensitive.</summary>
    Innocuous,

    /// <summary>Traps in user mode, always.</summary>
    Privileged,

    /// <summary>Sensitive; traps in user mode where the control program withholds a right.</summary>
    Withholdable,

    /// <summary>Sensitive, and executed in user mode whatever the control program does.</summary>
    Sensitive,
}
