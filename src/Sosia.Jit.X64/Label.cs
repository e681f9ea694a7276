namespace Sosia.Jit.X64;

/// <summary>A place in the code that jumps name before or after it is known; made by <see cref="Assembler.NewLabel"/>.</summary>
/// <remarks>It is valid until the assembler's next <see cref="Assembler.Begin"/>. The default value is no label.</remarks>
public readonly struct Label
{
    internal Label(int number) => Number = number;

    /// <summary>The index in the assembler's table; 0 is no label.</summary>
    internal int Number { get; }
}
