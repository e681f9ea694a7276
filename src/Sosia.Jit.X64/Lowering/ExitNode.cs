namespace Sosia.Jit.X64.Lowering;

/// <summary>A piece of a value that is computed only when an exit is taken.</summary>
/// <param name="Instruction">The operation; for a leaf, <see cref="IrOp.Nop"/> with the save area's index in its immediate.</param>
/// <param name="A">First operand's node.</param>
/// <param name="B">Second operand's node.</param>
/// <param name="C">Third operand's node.</param>
public readonly record struct ExitNode(IrInstruction Instruction, int A, int B, int C);
