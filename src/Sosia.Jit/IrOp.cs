namespace Sosia.Jit;

/// <summary>
/// What an intermediate instruction does. A value is 64 bits wide; <see cref="IrInstruction.Width"/> says how many of them an
/// operation works on, and the bits above are zero in its result unless it says otherwise.
/// </summary>
public enum IrOp : byte
{
    /// <summary>Nothing.</summary>
    Nop,

    /// <summary>The constant <see cref="IrInstruction.Immediate"/>.</summary>
    Constant,

    /// <summary>Guest register <see cref="IrInstruction.Immediate"/> (a slot number), whole.</summary>
    ReadSlot,

    /// <summary>Replaces guest register <see cref="IrInstruction.Immediate"/>, whole, by A.</summary>
    WriteSlot,

    /// <summary>Eight bytes of the CPU state at offset <see cref="IrInstruction.Immediate"/>, as they are at this place.</summary>
    ReadState,

    /// <summary>Replaces eight bytes of the CPU state at offset <see cref="IrInstruction.Immediate"/> by A.</summary>
    WriteState,

    /// <summary>Reads guest memory at linear address A, Width bits, zero-extended. Leaves the block when the long way is needed.</summary>
    GuestLoad,

    /// <summary>Writes Width bits of B to guest memory at linear address A. Leaves the block when the long way is needed.</summary>
    GuestStore,

    /// <summary>The host address of Width bits of writable guest memory at linear address A. Leaves the block when the long way is needed.</summary>
    GuestWritable,

    /// <summary>As <see cref="GuestWritable"/>, for reading.</summary>
    GuestReadable,

    /// <summary>Reads Width bits at host address A, which a <see cref="GuestWritable"/> gave.</summary>
    HostLoad,

    /// <summary>Writes Width bits of B at host address A, which a <see cref="GuestWritable"/> gave.</summary>
    HostStore,

    /// <summary>
    /// Writes Width bits of B at host address A, which a <see cref="GuestWritable"/> gave, in one atomic access if they are C there; leaves the block when they are not.
    /// </summary>
    HostCompareExchange,

    /// <summary>A + B.</summary>
    Add,

    /// <summary>A − B.</summary>
    Subtract,

    /// <summary>The low half of A × B.</summary>
    Multiply,

    /// <summary>The high 64 bits of the unsigned product.</summary>
    MultiplyHighUnsigned,

    /// <summary>The high 64 bits of the signed product.</summary>
    MultiplyHighSigned,

    /// <summary>Bitwise and.</summary>
    And,

    /// <summary>Bitwise or.</summary>
    Or,

    /// <summary>Bitwise exclusive or.</summary>
    Xor,

    /// <summary>Bitwise complement.</summary>
    Not,

    /// <summary>A &lt;&lt; B, B modulo 64.</summary>
    ShiftLeft,

    /// <summary>Logical A &gt;&gt; B, B modulo 64.</summary>
    ShiftRight,

    /// <summary>Arithmetic A &gt;&gt; B, B modulo 64.</summary>
    ShiftRightArithmetic,

    /// <summary>The low Width bits of A, 32 or 64, turned left by the constant B.</summary>
    RotateLeft,

    /// <summary>The low Width bits of A, zero-extended.</summary>
    ZeroExtend,

    /// <summary>The low Width bits of A, sign-extended to 64 bits.</summary>
    SignExtend,

    /// <summary>A with Width bits from bit <see cref="IrInstruction.Auxiliary"/> on replaced by B.</summary>
    Insert,

    /// <summary>1 when A = B, else 0.</summary>
    Equal,

    /// <summary>1 when A &lt; B unsigned, else 0.</summary>
    LessUnsigned,

    /// <summary>B when A is not 0, else C.</summary>
    Select,

    /// <summary>Zero bits above the highest one; 64 for 0.</summary>
    LeadingZeros,

    /// <summary>Zero bits below the lowest one; 64 for 0.</summary>
    TrailingZeros,

    /// <summary>Bits that are set.</summary>
    PopCount,

    /// <summary>The eight bytes reversed.</summary>
    ReverseBytes,

    /// <summary>The carry word of C = A + B (+ carry) at Width bits.</summary>
    AddCarries,

    /// <summary>The carry word of C = A − B (− borrow) at Width bits.</summary>
    SubtractCarries,

    /// <summary>1 when condition <see cref="IrInstruction.Auxiliary"/> holds after comparing A with B at Width bits, else 0.</summary>
    Compare,

    /// <summary>1 when condition <see cref="IrInstruction.Auxiliary"/> holds after testing A at Width bits (carry and overflow clear), else 0.</summary>
    Test,

    /// <summary>1 when condition <see cref="IrInstruction.Auxiliary"/> holds for the flags that the state holds, else 0.</summary>
    EntryCondition,

    /// <summary>The quotient of the 128-bit A:B by C, unsigned; C is above A.</summary>
    Divide,

    /// <summary>The remainder of the division A, which stands directly before.</summary>
    Remainder,

    /// <summary>Leaves the block when A is not 0: the interpreter raises the fault.</summary>
    ExitIf,

    /// <summary>A vector instruction: <see cref="IrBlock.Vectors"/> at <see cref="IrInstruction.Immediate"/>. A is a general operand or a host address; the value is a general result.</summary>
    Vector,

    /// <summary>Clears the upper 16 bytes of <see cref="IrInstruction.Auxiliary"/> 32-byte slots from offset <see cref="IrInstruction.Immediate"/> of the state on.</summary>
    ClearUpperHalves,

    /// <summary>Leaves the block when the guest may not use vector registers just now; with <see cref="IrInstruction.Immediate"/> 1, their upper halves.</summary>
    RequireVector,

    /// <summary>Brings the guest's x87 registers into the host's unit when they are not there; leaves the block when that unit may not execute the guest's instructions just now.</summary>
    RequireX87,

    /// <summary>
    /// An x87 instruction, executed by the host's unit on the guest's registers. <see cref="IrInstruction.Immediate"/> is its first byte (bits 15–8) and its ModRM byte, which with a memory operand
    /// gives ModRM.reg only. <see cref="IrInstruction.Auxiliary"/> is an <see cref="IrX87Kind"/>, which says what A and the value are.
    /// </summary>
    X87,

    /// <summary>Notes what the unit executed last, for its instruction pointer: the instruction's displacement from the block's address is bits 15–0 of <see cref="IrInstruction.Immediate"/>, its opcode bits 31–16.</summary>
    X87Instruction,

    /// <summary>Notes what the unit's last memory operand was: A is its effective address, <see cref="IrInstruction.Immediate"/> the offset of its selector in the state.</summary>
    X87Operand,

    /// <summary>Leaves the block when A is no multiple of Width bits.</summary>
    RequireAligned,

    /// <summary>Leaves the block when A is no canonical address.</summary>
    RequireCanonical,

    /// <summary>Executes <see cref="IrInstruction.Auxiliary"/> guest operations from <see cref="IrInstruction.Immediate"/> on (its number in the block) by calling the interpreter's handlers; not at all when there is an A and it is 0.</summary>
    CallOperation,

    /// <summary>Leaves the block to the instruction at displacement <see cref="IrInstruction.Immediate"/> from the block's own. <see cref="IrInstruction.Auxiliary"/> is an <see cref="IrJumpKind"/>.</summary>
    Jump,

    /// <summary>As <see cref="Jump"/> when A is not 0; otherwise to the instruction behind the block.</summary>
    Branch,

    /// <summary>
    /// In a loop that is recorded several times: leaves it to the instruction behind the block when A is 0, after <see cref="IrInstruction.Auxiliary"/> rounds. A is the comparison
    /// that the guest's flags then tell of.
    /// </summary>
    LoopExit,

    /// <summary>Leaves the block to the instruction at linear address A. <see cref="IrInstruction.Auxiliary"/> is an <see cref="IrJumpKind"/>.</summary>
    JumpIndirect,

    /// <summary>The block ends with a <see cref="CallOperation"/> that says itself where to go on.</summary>
    End,
}
