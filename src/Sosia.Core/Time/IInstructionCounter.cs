namespace Sosia.Core.Time;

/// <summary>Counts retired guest instructions, exactly, also in the middle of a device access.</summary>
public interface IInstructionCounter
{
    /// <summary>Instructions retired since power-on.</summary>
    long RetiredInstructions { get; }
}
