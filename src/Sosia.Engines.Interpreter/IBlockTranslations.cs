using Sosia.Isa.X86.Execution;

namespace Sosia.Engines.Interpreter;

/// <summary>An engine that makes host code of the interpreter's blocks learns here what becomes of them.</summary>
internal unsafe interface IBlockTranslations
{
    /// <summary>True when host code has no room left: the dispatcher empties the cache of blocks when it comes by.</summary>
    bool IsFull { get; }

    /// <summary>A block was entered in the cache.</summary>
    void Built(Block* block);

    /// <summary>A block's end was seen to lead to another block by a direct branch within the page.</summary>
    void Linked(Block* block, bool isTaken, Op* target);

    /// <summary>A block's code was written: it must not be entered again.</summary>
    void Voided(Block* block);

    /// <summary>All blocks are gone.</summary>
    void Cleared();
}
