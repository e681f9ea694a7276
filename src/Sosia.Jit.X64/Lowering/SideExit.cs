namespace Sosia.Jit.X64.Lowering;

/// <summary>An exit in the middle of a block: which operation to go on with, and how to compute the flags that were put off.</summary>
/// <param name="Operation">The operation's number in the block.</param>
/// <param name="FlagResult">The node of the flags' result word; −1 when the state holds it.</param>
/// <param name="FlagCarries">The node of the flags' carry word; −1 when the state holds it.</param>
/// <param name="Nodes">The nodes that both refer to, operands before their users.</param>
/// <param name="Access">The access to guest memory that was not fast; its byte count is 0 for an exit of another kind.</param>
/// <param name="Kind">Why.</param>
/// <param name="Edge">For the kinds with a jump: what can be linked.</param>
/// <param name="Retired">Guest instructions of earlier rounds of a loop, which have retired.</param>
public sealed record SideExit(
    int Operation,
    int FlagResult,
    int FlagCarries,
    ExitNode[] Nodes,
    SideExitAccess Access,
    SideExitKind Kind = SideExitKind.Operation,
    Edge Edge = default,
    int Retired = 0);
