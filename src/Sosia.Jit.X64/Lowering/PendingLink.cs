namespace Sosia.Jit.X64.Lowering;

/// <summary>A jump whose exit and check are still to be emitted behind the block.</summary>
/// <param name="Exit">The exit that has the jump linked.</param>
/// <param name="Field">Position of the jump's displacement field.</param>
/// <param name="Site">The two quadwords that it is checked by; not used by a return.</param>
/// <param name="Kind">What the exit is.</param>
internal readonly record struct PendingLink(Label Exit, int Field, Label Site, SideExitKind Kind);
