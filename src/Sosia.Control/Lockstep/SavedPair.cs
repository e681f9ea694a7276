namespace Sosia.Control.Lockstep;

/// <summary>A state that both machines had: a place to begin again.</summary>
/// <param name="Position">Instructions from power-on.</param>
/// <param name="State">The saved machine; null for power-on.</param>
/// <param name="Console">What had been written.</param>
/// <param name="TypedAt">When the text for the prompt was typed; −1 when it was not.</param>
internal sealed record SavedPair(long Position, byte[]? State, byte[] Console, long TypedAt)
{
    /// <summary>The state in which every machine begins.</summary>
    public static SavedPair PowerOn { get; } = new(0, null, [], -1);
}
