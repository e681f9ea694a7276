using System;

namespace Sosia.Theory;

/// <summary>The ways in which an instruction can be sensitive.</summary>
[Flags]
public enum Sensitivity
{
    /// <summary>In none.</summary>
    None = 0,

    /// <summary>Control-sensitive: changes the mode or the resources without a trap.</summary>
    Control = 1,

    /// <summary>Behaviour-sensitive, mode-sensitive: two states that differ only in mode have different outcomes.</summary>
    Mode = 2,

    /// <summary>Behaviour-sensitive, location-sensitive: two states that differ only in where things are have different outcomes.</summary>
    Location = 4,

    /// <summary>Behaviour-sensitive, resource-sensitive: two states that differ only in other resources both complete, with different results.</summary>
    Resource = 8,
}
