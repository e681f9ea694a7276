namespace Sosia.Core.Execution;

/// <summary>Bounds of one <see cref="IEngine.Run"/> call.</summary>
/// <param name="MaxInstructions">Retire at most this many instructions; exact. At least 1; <see cref="Unlimited"/> for any number.</param>
public readonly record struct RunLimits(long MaxInstructions)
{
    /// <summary>"Until something happens."</summary>
    public const long Unlimited = long.MaxValue;
}
