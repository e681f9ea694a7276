using System.Runtime.InteropServices;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Execution;

/// <summary>The header that stands directly before a block's first <see cref="Op"/> in memory.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Block
{
    /// <summary>Guest physical address of the first instruction.</summary>
    public ulong GuestPhysical;

    /// <summary>The next block of the same hash bucket, or null.</summary>
    public Block* NextInBucket;

    /// <summary>The next block of the same page, or null.</summary>
    public Block* NextInPage;

    /// <summary>First operation of the block that a taken branch leads to within the same page; null when not linked.</summary>
    public Op* Taken;

    /// <summary>First operation of the block that follows within the same page; null when not linked.</summary>
    public Op* FallThrough;

    /// <summary>Instructions in the block, 1 to 64.</summary>
    public byte Count;

    /// <summary>The mode of the code: the block is for no other.</summary>
    public CodeMode Mode;

    /// <summary>Bytes of guest code, at most 255 × 15; the block does not leave its page except by its last instruction.</summary>
    public ushort ByteCount;

    /// <summary>Non-zero when the block's page was written: it must not be entered again.</summary>
    public ushort IsVoid;

    /// <summary>Non-zero when the engine need not look for better handler addresses any more.</summary>
    public ushort IsBound;

    /// <summary>Instructions that must fit in the budget where the host code is entered; more than <see cref="Count"/> for a loop that it has several times in a row.</summary>
    public ushort CodeCount;

    /// <summary>The first operation's own handler, where an engine has put another in front of it; null otherwise.</summary>
    public delegate*<X86State*, Op*, Op*> FirstHandler;

    /// <summary>Host code that stands for the block, as other code enters it; null when it has not been translated.</summary>
    public void* Code;

    /// <summary>The same behind the check of the budget, for one who has made it; valid while <see cref="Code"/> is not null.</summary>
    public void* Body;

    /// <summary>The engine's number of the translation.</summary>
    public int Translation;

    /// <summary>Executions until the block is translated.</summary>
    public int Cold;

    /// <summary>Code width: 16, 32 or 64.</summary>
    public readonly int CodeBits => (int)(Mode & CodeMode.WidthMask);

    /// <summary>The block that an operation at position 0 belongs to.</summary>
    public static Block* Of(Op* firstOp) => (Block*)firstOp - 1;
}
