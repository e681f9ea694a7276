using System.Collections.Generic;
using Sosia.Isa.X86.Execution;
using Sosia.Jit.X64.Lowering;

namespace Sosia.Engines.Recompiler;

/// <summary>A block's host code and its links.</summary>
internal sealed unsafe class Translation(Block* block, Lowered lowered)
{
    /// <summary>The block.</summary>
    public Block* Block { get; } = block;

    /// <summary>Its code.</summary>
    public Lowered Lowered { get; } = lowered;

    /// <summary>Branches of other blocks that jump here directly.</summary>
    public HashSet<Edge> Incoming { get; } = [];
}
