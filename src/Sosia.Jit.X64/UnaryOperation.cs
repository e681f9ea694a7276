namespace Sosia.Jit.X64;

/// <summary>The one-operand integer operations, including those that work on RAX and RDX implicitly.</summary>
/// <remarks>SDM vol. 2, appendix A, groups 3, 4 and 5.</remarks>
public enum UnaryOperation : byte
{
    /// <summary>INC: leaves CF alone.</summary>
    Inc,

    /// <summary>DEC: leaves CF alone.</summary>
    Dec,

    /// <summary>NOT: changes no flags.</summary>
    Not,

    /// <summary>NEG.</summary>
    Neg,

    /// <summary>MUL: RDX:RAX = RAX * operand, unsigned.</summary>
    Mul,

    /// <summary>IMUL: RDX:RAX = RAX * operand, signed.</summary>
    Imul,

    /// <summary>DIV: RDX:RAX / operand, unsigned.</summary>
    Div,

    /// <summary>IDIV: RDX:RAX / operand, signed.</summary>
    Idiv,
}
