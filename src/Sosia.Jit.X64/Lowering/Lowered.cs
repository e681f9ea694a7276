using System.Collections.Generic;

namespace Sosia.Jit.X64.Lowering;

/// <summary>A block's host code.</summary>
/// <param name="Entry">Where other code jumps to: looks whether the block fits in the budget.</param>
/// <param name="Body">Behind that check.</param>
/// <param name="Edges">Its direct branches.</param>
/// <param name="Exits">Its side exits, by their numbers.</param>
/// <param name="ByteCount">Size of the code.</param>
public sealed record Lowered(long Entry, long Body, IReadOnlyList<Edge> Edges, SideExit?[] Exits, int ByteCount);
