namespace Sosia.Theory;

/// <summary>One instruction of a row and one random state to execute it in, with all the variants of that state. ISAs derive from it.</summary>
public abstract class Trial
{
    /// <summary>The instruction in assembler notation.</summary>
    public abstract string Instruction { get; }

    /// <summary>Its bytes, hexadecimal.</summary>
    public abstract string Encoding { get; }
}
