namespace Sosia.Theory;

/// <summary>How a classification is computed.</summary>
public sealed record ClassifierOptions
{
    /// <summary>The year of the theorems.</summary>
    public const int DefaultSeed = 1974;

    /// <summary>Enough for every row's sensitivities to show with any seed that was tried.</summary>
    public const int DefaultStatesPerRow = 64;

    /// <summary>What all states are made from.</summary>
    public int Seed { get; init; } = DefaultSeed;

    /// <summary>States per row; a row that will not complete gets more.</summary>
    public int StatesPerRow { get; init; } = DefaultStatesPerRow;
}
