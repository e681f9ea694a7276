namespace Sosia.Jit.X64.Lowering;

/// <summary>Where emitted code finds things in a guest CPU's state, and which guest registers live in host registers. Offsets are in bytes from the state's start.</summary>
public sealed class GuestLayout
{
    /// <summary>Offset of each slot, whole registers of 8 bytes.</summary>
    public required int[] SlotOffsets { get; init; }

    /// <summary>The host register that holds each slot while translated code runs; null for slots that live in the state.</summary>
    public required Gpr?[] Pinned { get; init; }

    /// <summary>The slot of the flags' result word.</summary>
    public required int FlagResultSlot { get; init; }

    /// <summary>The slot of the flags' carry word.</summary>
    public required int FlagCarriesSlot { get; init; }

    /// <summary>
    /// Host address of a table from the guest's flags as LAHF and SETO leave them, AH in bits 0 to 7 and AL in bit 8, to the two flag words: 512 entries of 16 bytes.
    /// </summary>
    public required long FlagWords { get; init; }

    /// <summary>Offset of the pointer to the data TLB.</summary>
    public required int DataTlb { get; init; }

    /// <summary>Entries of the TLB, a power of two; 32 bytes each: read tag, write tag, addend.</summary>
    public required int TlbEntryCount { get; init; }

    /// <summary>Offset of the count of retired instructions at the block's start.</summary>
    public required int Retired { get; init; }

    /// <summary>Offset of the count that must not be exceeded.</summary>
    public required int RetireLimit { get; init; }

    /// <summary>Offset of the block's own address.</summary>
    public required int BlockRip { get; init; }

    /// <summary>Offset of the instruction pointer.</summary>
    public required int Rip { get; init; }

    /// <summary>Offset of the pointer to the operation being executed.</summary>
    public required int CurrentOperation { get; init; }

    /// <summary>Offset of the pointer to the jump cache, whose entries are 32 bytes: linear address, generation, operations, code.</summary>
    public required int JumpCache { get; init; }

    /// <summary>Entries of the jump cache, a power of two.</summary>
    public required int JumpCacheCount { get; init; }

    /// <summary>Offset of the generation that valid entries of the jump cache have.</summary>
    public required int JumpCacheGeneration { get; init; }

    /// <summary>Offset of room for the host's sixteen registers, then <see cref="SpillCount"/> spilled values, then what the offsets below name.</summary>
    public required int SaveArea { get; init; }

    /// <summary>Offset of the vector control and status register, in the host's form.</summary>
    public required int Mxcsr { get; init; }

    /// <summary>Where to look whether vector registers may be used: offset of 32 bits, and the bits that must be clear.</summary>
    public required (int Offset, int Mask) VectorRefused { get; init; }

    /// <summary>Where to look whether vector registers may be used: offset of 32 bits, and the bits that must be set.</summary>
    public required (int Offset, int Mask) VectorEnabled { get; init; }

    /// <summary>As <see cref="VectorRefused"/>, for instructions that use the upper halves too.</summary>
    public required (int Offset, int Mask) UpperRefused { get; init; }

    /// <summary>As <see cref="VectorEnabled"/>, for instructions that use the upper halves too: of each mask one bit must be set.</summary>
    public required (int Offset, int Mask)[] UpperEnabled { get; init; }

    /// <summary>The guest's x87 unit; null when it has none.</summary>
    public X87Layout? X87 { get; init; }

    /// <summary>Bytes of one pre-decoded operation.</summary>
    public required int OperationByteCount { get; init; }

    /// <summary>RBP points so far behind the state's start that the most used offsets fit in a byte.</summary>
    public const int StateBias = 128;

    /// <summary>How many values can be spilled at a time.</summary>
    public const int SpillCount = 42;

    /// <summary>Offset in the save area of the result of the side exit taken, 32 bits.</summary>
    public const int ExitOffset = (SaveAreaLength - 1) * 8;

    /// <summary>Offset in the save area of the host's own vector control register while translated code runs.</summary>
    public const int HostMxcsrOffset = ExitOffset + 4;

    /// <summary>Offset in the save area of the address where the block goes on.</summary>
    public const int ResumeOffset = ExitOffset - 8;

    /// <summary>Offset in the save area of the host's stack pointer while translated code runs and no guest call is on its stack.</summary>
    public const int StackOffset = ExitOffset - 16;

    /// <summary>Offset in the save area of the guest's flags as LAHF and SETO leave them in AX; 0 when the flag words hold them.</summary>
    public const int HostFlagsOffset = ExitOffset - 24;

    /// <summary>Offset in the save area of the lowest stack pointer at which one more guest call may be put on the host's stack.</summary>
    public const int StackLimitOffset = ExitOffset - 32;

    /// <summary>Offset in the save area of <see cref="Thunks.X87InHost"/>, 32 bits, while the host's x87 unit holds the guest's registers.</summary>
    public const int X87Offset = ExitOffset - 40;

    /// <summary>Quadwords of the save area.</summary>
    public const int SaveAreaLength = 16 + SpillCount + 6;
}
