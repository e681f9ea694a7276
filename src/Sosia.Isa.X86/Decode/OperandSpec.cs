namespace Sosia.Isa.X86.Decode;

/// <summary>One operand of a table row.</summary>
/// <param name="Kind">Where it is.</param>
/// <param name="Size">The lower-case size code: 'b' 8, 'w' 16, 'd' 32, 'q' 64, 'v' 16/32/64 by operand size, 'z' 16/32, 'y' 32/64,
/// 's' sign-extended byte (immediates), 'p' far pointer in memory, 'a' bound pair, 't' 80-bit, 'x' 128-bit, or 256-bit with VEX.L, 'o' 128-bit always, '\0' no size.</param>
/// <param name="Number">Register number of fixed operands.</param>
/// <param name="Text">As written in the table.</param>
public readonly record struct OperandSpec(OperandKind Kind, char Size, byte Number, string Text);
