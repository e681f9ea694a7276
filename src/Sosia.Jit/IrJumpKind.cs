namespace Sosia.Jit;

/// <summary>What a jump out of a block is for the guest: a hint how to predict where it leads. Stands in <see cref="IrInstruction.Auxiliary"/>.</summary>
public enum IrJumpKind : byte
{
    /// <summary>Nothing is known.</summary>
    Plain,

    /// <summary>A call: a return to the instruction behind the block, in the block's own page, is expected.</summary>
    Call,

    /// <summary>A return from a call.</summary>
    Return,

    /// <summary>A jump to a constant distance, which leads to another page.</summary>
    Far,

    /// <summary>A call to a constant distance, which leads to another page; a return is expected as after <see cref="Call"/>.</summary>
    FarCall,
}
