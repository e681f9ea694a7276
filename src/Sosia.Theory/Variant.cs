namespace Sosia.Theory;

/// <summary>Which of the states that belong to one trial is meant: they are identical but for what this says.</summary>
/// <param name="Mode">The mode.</param>
/// <param name="Location">Bit n: the ISA's location aspect n is elsewhere.</param>
/// <param name="Resources">Bit n: resource aspect n has the trial's other value.</param>
/// <param name="IsWithheld">Everything that the control program can withhold is withheld.</param>
/// <param name="IsLater">The same state at a later time.</param>
public readonly record struct Variant(ProcessorMode Mode, ulong Location = 0, ulong Resources = 0, bool IsWithheld = false, bool IsLater = false);
