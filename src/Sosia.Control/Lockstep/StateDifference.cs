namespace Sosia.Control.Lockstep;

/// <summary>One difference between two machines.</summary>
/// <param name="Part">The part: "cpu0", "pic", "ram", "console", "clock", "end".</param>
/// <param name="Field">Which of its values.</param>
/// <param name="Expected">The reference's.</param>
/// <param name="Actual">The examined engine's.</param>
public sealed record StateDifference(string Part, string Field, string Expected, string Actual);
