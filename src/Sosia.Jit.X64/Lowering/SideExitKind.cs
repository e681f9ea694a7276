namespace Sosia.Jit.X64.Lowering;

/// <summary>Why a block was left by a side exit.</summary>
public enum SideExitKind : byte
{
    /// <summary>An operation is to be executed by the interpreter.</summary>
    Operation,

    /// <summary>The block is through; RIP says where the guest goes on. The jump can be linked to the block there.</summary>
    Jump,

    /// <summary>A return led to the instruction behind a call, whose books are kept already: BlockRip says where. The jump can be linked to the block there.</summary>
    Return,
}
