namespace Sosia.Control.Lockstep;

/// <summary>What came of running two engines side by side.</summary>
/// <param name="End">How the reference's run ended.</param>
/// <param name="Instructions">Instructions that each engine retired.</param>
/// <param name="Comparisons">How often processors and console were compared.</param>
/// <param name="FullComparisons">How often everything was compared.</param>
/// <param name="Divergence">The first difference; null when there was none.</param>
/// <param name="Transcript">What the reference's guest wrote to its console.</param>
public sealed record LockstepResult(RunResult End, long Instructions, long Comparisons, long FullComparisons, Divergence? Divergence, string Transcript);
