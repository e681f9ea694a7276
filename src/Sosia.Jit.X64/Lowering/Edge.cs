namespace Sosia.Jit.X64.Lowering;

/// <summary>A direct branch out of a block that can be linked to its target's code.</summary>
/// <param name="Field">Execute address of the jump's displacement field.</param>
/// <param name="Unlinked">Where it leads as long as it is not linked.</param>
/// <param name="IsTaken">True for a branch's target, false for the instruction behind the block.</param>
public readonly record struct Edge(long Field, long Unlinked, bool IsTaken);
