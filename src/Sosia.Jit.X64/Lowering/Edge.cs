namespace Sosia.Jit.X64.Lowering;

/// <summary>A jump out of a block that can be linked to its target's code.</summary>
/// <param name="Field">Execute address of the jump's displacement field.</param>
/// <param name="Unlinked">Where it leads as long as it is not linked.</param>
/// <param name="IsTaken">True for a branch's target, false for the instruction behind the block.</param>
/// <param name="Site">
/// Execute address of the two quadwords that a jump to another page, or to an address known only when it runs, is checked by: the target's linear address and the
/// generation of the jump cache in which the link holds, 0 for never. 0 for a jump that always holds.
/// </param>
public readonly record struct Edge(long Field, long Unlinked, bool IsTaken, long Site = 0);
