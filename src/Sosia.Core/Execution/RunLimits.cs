namespace Sosia.Core.Execution;

/// <summary>Bounds of one <see cref="IEngine.Run"/> call.</summary>
/// <param name="MaxInstructions">Retire at most this many instructions; exact. At least 1.</param>
public readonly record struct RunLimits(long MaxInstructions);
