using System;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Jit;

namespace Sosia.Isa.X86.Translation;

/// <summary>
/// Turns a decoded block of 64- or 32-bit code into intermediate form. An instruction whose meaning cannot be recorded becomes a call of its
/// handler; so the block always stands for exactly what the interpreter would do.
/// </summary>
public sealed unsafe class BlockTranslator
{
    /// <summary>The slot of the flags' result word.</summary>
    public const int FlagResultSlot = 16;

    /// <summary>The slot of the flags' carry word.</summary>
    public const int FlagCarriesSlot = 17;

    private const int PageSize = 4096;

    private readonly int[] _slots = new int[FlagCarriesSlot + 1];
    private readonly int[] _saved = new int[FlagCarriesSlot + 1];
    private readonly ulong _features;
    private readonly ulong _hostFeatures;
    private DecodedInstruction _instruction;
    private Block* _block;
    private Op* _operation;
    private bool _ended;
    private bool _isVectorChecked;
    private int _copies;
    private int _copy;
    private bool _isUpperChecked;
    private bool _isX87Checked;
    private (int Flags, int Result, int Carries) _stored = (-1, -1, -1);

    /// <summary>Creates a translator.</summary>
    /// <param name="features">The CPU's features, as for <see cref="Decoder.Decode(ReadOnlySpan{byte}, int, ulong, out DecodedInstruction)"/>.</param>
    /// <param name="hostFeatures">The host's features: vector instructions of others call their handlers. Null for <see cref="HostFeatures.Available"/>.</param>
    public BlockTranslator(ulong features = ulong.MaxValue, ulong? hostFeatures = null)
    {
        _features = features;
        _hostFeatures = hostFeatures ?? HostFeatures.Available;
    }

    /// <summary>What is built.</summary>
    public IrBlock Ir { get; } = new();

    /// <summary>True when the block's CPU is not alone: locked accesses are locked on the host, and code may change while it is translated. A lonely CPU's devices work on its own thread.</summary>
    public bool HasPeers { get; init; }

    /// <summary>True when the bytes given to <see cref="Translate"/> are no longer those that the block was decoded from: what was built is of no use.</summary>
    public bool IsStale { get; private set; }

    /// <summary>How many instructions of the last block call their handlers.</summary>
    public int CallCount { get; private set; }

    /// <summary>The instruction being recorded.</summary>
    internal ref readonly DecodedInstruction Instruction => ref _instruction;

    /// <summary>The operation being recorded.</summary>
    internal ref readonly Op Operation => ref *_operation;

    /// <summary>Set when the meaning cannot be recorded.</summary>
    internal bool Failed { get; set; }

    /// <summary>The current value of the flags' result word.</summary>
    internal int FlagResult
    {
        get => ReadSlot(FlagResultSlot);
        set => _slots[FlagResultSlot] = value;
    }

    /// <summary>The current value of the flags' carry word.</summary>
    internal int FlagCarries
    {
        get => ReadSlot(FlagCarriesSlot);
        set => _slots[FlagCarriesSlot] = value;
    }

    /// <summary>The code's width, 32 or 64: that of branch targets.</summary>
    internal int CodeBits => _block->CodeBits;

    /// <summary>Whether blocks of a mode can be translated: 64-bit code, and 32-bit code whose instruction pointer is the linear address.</summary>
    public static bool CanTranslate(CodeMode mode)
        => mode == CodeMode.Bits64 || (mode & (CodeMode.Bits32 | CodeMode.FlatCode)) == (CodeMode.Bits32 | CodeMode.FlatCode);

    /// <summary>Translates a block.</summary>
    /// <param name="block">The block, of a mode that <see cref="CanTranslate"/>, with its operations.</param>
    /// <param name="code">The bytes that it was decoded from.</param>
    public void Translate(Block* block, ReadOnlySpan<byte> code)
    {
        Record(block, code, 1);
        int copies = CopiesOf(block);
        if (copies > 1)
        {
            Record(block, code, copies);
        }
    }

    private void Record(Block* block, ReadOnlySpan<byte> code, int copies)
    {
        Ir.Clear();
        Ir.Copies = _copies = copies;
        Ir.PointerBits = block->CodeBits;
        CallCount = 0;
        _block = block;
        _isVectorChecked = _isUpperChecked = _isX87Checked = false;
        _stored = (-1, -1, -1);
        IsStale = false;
        Array.Fill(_slots, -1);
        for (_copy = 0; _copy < copies; _copy++)
        {
            RecordOnce(block, code);
        }

        X87Recorder.LeaveOutUnseen(Ir);
        (Ir.EndFlagResult, Ir.EndFlagCarries) = (Dirty(FlagResultSlot), Dirty(FlagCarriesSlot));
        Ir.EndStoredFlags = AreFlagsStored ? _stored.Flags : -1;
    }

    // A short loop on a comparison is recorded several times in a row: the budget, the books and the flags then cost once in as many rounds. What is in the
    // host's flags at the branch must be what the guest's flags are after it.
    private int CopiesOf(Block* block)
    {
        const int FewInstructions = 6;
        const int ManyInstructions = 12;
        ref IrInstruction last = ref Ir[Ir.Count - 1];
        if (CallCount != 0 || block->Count < 2 || block->Count > ManyInstructions || last.Op != IrOp.Branch || last.Immediate != 0)
        {
            return 1;
        }

        int result = _slots[FlagResultSlot];
        int carries = _slots[FlagCarriesSlot];
        if (result < 0 || carries < 0)
        {
            return 1;
        }

        ref IrInstruction condition = ref Ir[last.A];
        ref IrInstruction made = ref Ir[carries];
        bool isComparison = condition.Op switch
        {
            IrOp.Compare => made.Op == IrOp.SubtractCarries && made.Width == condition.Width && made.A == condition.A && made.B == condition.B,
            IrOp.Test => made.Op == IrOp.Constant && made.Immediate == 0 && Ir.WithoutExtension(result, condition.Width) == condition.A,
            _ => false,
        };
        return !isComparison ? 1 : block->Count <= FewInstructions ? 4 : 2;
    }

    private void RecordOnce(Block* block, ReadOnlySpan<byte> code)
    {
        _ended = false;
        var ops = (Op*)(block + 1);
        for (int i = 0; i < block->Count; i++)
        {
            _operation = ops + i;
            Decoder.Decode(code[_operation->RipOffset..], block->CodeBits, _features, out _instruction);
            IsStale |= HasPeers && !IsWhatWasDecoded();
            if (!TryRecord())
            {
                CallCount++;
                // A repetition of nothing, which memcpy of a few bytes ends with, does nothing.
                bool isRepetition = _instruction.RepPrefix != 0 && _instruction.Row is { Family: "string" };
                int counter = isRepetition ? CutToAddressSize(ReadSlot(1)) : -1;
                if (counter < 0 && Ir.Count > 0 && Ir[Ir.Count - 1] is { Op: IrOp.CallOperation, A: < 0 } before && before.Immediate + before.Auxiliary == (ulong)i)
                {
                    // Handlers in a row, as x87 code has them, are called in one go.
                    Ir[Ir.Count - 1].Auxiliary++;
                }
                else
                {
                    Ir.Add(IrOp.CallOperation, 64, counter, immediate: (ulong)i, auxiliary: 1, exit: ExitHere());
                }

                // The handler may change any register.
                Array.Fill(_slots, -1);
                _isVectorChecked = _isUpperChecked = _isX87Checked = false;
                if (_instruction.Row is null || (_instruction.Row.Flags & RowFlags.EndsBlock) != 0)
                {
                    Ir.Add(IrOp.End, 64);
                    _ended = true;
                }
            }
        }

        Ir.LastOperation = _ended ? block->Count - 1 : block->Count;
        if (!_ended)
        {
            // The synthetic operation behind the last one knows where the block ends.
            EndWithJump(ops[block->Count].RipOffset);
        }
    }

    /// <summary>The exit that leads to the operation being recorded, with what is pending before it.</summary>
    internal int ExitHere()
    {
        Ir.Exits.Add(new IrExit(_operation->IndexInBlock, Dirty(FlagResultSlot), Dirty(FlagCarriesSlot), _copy * _block->Count));
        return Ir.Exits.Count - 1;
    }

    /// <summary>A general register, whole, or a flag word.</summary>
    internal int ReadSlot(int slot)
    {
        if (_slots[slot] < 0)
        {
            _slots[slot] = Ir.Add(IrOp.ReadSlot, 64, immediate: (ulong)slot);
        }

        return _slots[slot];
    }

    /// <summary>Replaces a general register.</summary>
    internal void WriteSlot(int slot, int value)
    {
        Ir.Add(IrOp.WriteSlot, 64, value, immediate: (ulong)slot);
        _slots[slot] = value;
    }

    /// <summary>Replaces part of a general register, as the processor does: 32 bits clear the upper half.</summary>
    internal void WriteSlotPart(int slot, int bits, int position, int value)
        => WriteSlot(slot, bits >= 32 ? value : Ir.Add(IrOp.Insert, bits, ReadSlot(slot), value, auxiliary: position));

    /// <summary>As <see cref="WriteSlotPart"/> when a condition is not 0; otherwise all 64 bits stay.</summary>
    internal void WriteSlotIf(int condition, int slot, int bits, int position, int value)
    {
        int old = ReadSlot(slot);
        int whole = bits >= 32 ? value : Ir.Add(IrOp.Insert, bits, old, value, auxiliary: position);
        WriteSlot(slot, Ir.Add(IrOp.Select, 64, condition, whole, old));
    }

    /// <summary>As <see cref="WriteRegister"/> when a condition is not 0; otherwise all 64 bits stay.</summary>
    internal void WriteRegisterIf(int condition, ushort offset, int bits, int value)
    {
        int slot = SlotOf(offset, out int position);
        WriteSlotIf(condition, slot, bits, position, value);
    }

    /// <summary>Reads a register that an operation names by its offset.</summary>
    internal int ReadRegister(ushort offset, int bits)
    {
        int slot = SlotOf(offset, out int position);
        int whole = ReadSlot(slot);
        return bits == 64 ? whole : Ir.ZeroExtend(position == 0 ? whole : Ir.Binary(IrOp.ShiftRight, whole, Ir.Constant((ulong)position)), bits);
    }

    /// <summary>Writes a register that an operation names by its offset.</summary>
    internal void WriteRegister(ushort offset, int bits, int value)
    {
        int slot = SlotOf(offset, out int position);
        WriteSlotPart(slot, bits, position, value);
    }

    /// <summary>The memory operand's effective address, without segment, cut to the address size.</summary>
    /// <param name="byteOffset">A value to add; −1 for none.</param>
    internal int EffectiveAddress(int byteOffset = -1)
    {
        Op* op = _operation;
        int address;
        if (op->Base == StateOffset.BlockRip)
        {
            address = Ir.Add(IrOp.ReadState, 64, immediate: StateOffset.BlockRip);
        }
        else
        {
            address = op->Base == StateOffset.Zero ? Ir.Constant(0) : ReadSlot(SlotOf(op->Base, out _));
        }

        if (op->Index != StateOffset.Zero)
        {
            int index = Ir.Binary(IrOp.ShiftLeft, ReadSlot(SlotOf(op->Index, out _)), Ir.Constant(op->Scale));
            address = Ir.Binary(IrOp.Add, address, index);
        }

        address = Ir.Binary(IrOp.Add, address, Ir.Constant((ulong)(long)op->Displacement));
        return CutToAddressSize(byteOffset < 0 ? address : Ir.Binary(IrOp.Add, address, byteOffset));
    }

    /// <summary>Cuts an offset to the instruction's address size.</summary>
    internal int CutToAddressSize(int offset)
        => (_operation->Flags & OpFlags.Address16) != 0 ? Ir.ZeroExtend(offset, 16)
            : (_operation->Flags & OpFlags.Address32) != 0 ? Ir.ZeroExtend(offset, 32)
            : offset;

    /// <summary>The memory operand's linear address, for an access that its segment allows: the block is left where it has to be looked at more closely.</summary>
    /// <param name="byteCount">Size of the access.</param>
    /// <param name="isWrite">Whether it writes.</param>
    /// <param name="byteOffset">A value to add to the effective address; −1 for none.</param>
    internal int MemoryAddress(int byteCount, bool isWrite, int byteOffset = -1)
        => LinearAddress(_operation->Segment, EffectiveAddress(byteOffset), byteCount, isWrite);

    /// <summary>The linear address of an offset, already cut to its size, in a segment; as <see cref="MemoryAddress"/>.</summary>
    internal int LinearAddress(ushort segment, int offset, int byteCount, bool isWrite)
    {
        bool isSystem = segment == StateOffset.SegmentAt(4) || segment == StateOffset.SegmentAt(5);
        if (CodeBits == 64)
        {
            return isSystem ? Ir.Binary(IrOp.Add, Ir.Add(IrOp.ReadState, 64, immediate: segment), offset) : offset;
        }

        if ((_block->Mode & CodeMode.FlatData) != 0 && !isSystem && segment != StateOffset.SegmentAt(1))
        {
            return offset;
        }

        int end = Ir.Add(IrOp.ReadState, 64, immediate: (ulong)segment + (isWrite ? StateOffset.WriteEndInSegment : StateOffset.ReadEndInSegment));
        int behind = Ir.Binary(IrOp.Add, offset, Ir.Constant((ulong)byteCount));
        const int Below = 2;
        Ir.Add(IrOp.ExitIf, 64, Ir.Add(IrOp.Compare, 64, end, behind, auxiliary: Below, significantBits: 1), exit: ExitHere());
        return Ir.ZeroExtend(Ir.Binary(IrOp.Add, offset, Ir.Add(IrOp.ReadState, 64, immediate: segment)), 32);
    }

    /// <summary>The width of stack pointers, 32 or 64; 0 when stack accesses cannot be recorded.</summary>
    internal int StackBits => CodeBits == 64 ? 64 : (_block->Mode & CodeMode.Stack32) != 0 ? 32 : 0;

    /// <summary>Makes sure, once in a stretch of recorded instructions, that vector registers may be used.</summary>
    internal void RequireVector()
    {
        if (!_isVectorChecked)
        {
            _isVectorChecked = true;
            Ir.Add(IrOp.RequireVector, 64, exit: ExitHere());
        }
    }

    /// <summary>As <see cref="RequireVector"/>, for instructions with a VEX prefix.</summary>
    internal void RequireUpper()
    {
        if (!_isUpperChecked)
        {
            _isUpperChecked = true;
            Ir.Add(IrOp.RequireVector, 64, immediate: 1, exit: ExitHere());
        }
    }

    /// <summary>As <see cref="RequireVector"/>, for x87 instructions, which host code executes with all exceptions masked.</summary>
    internal void RequireX87()
    {
        if (!_isX87Checked)
        {
            _isX87Checked = true;
            Ir.Add(IrOp.RequireX87, 64, exit: ExitHere());
        }
    }

    /// <summary>The offset in the state of the memory operand's selector: the segment in use, also where segments are flat.</summary>
    internal ulong OperandSelector()
    {
        ushort segment = _operation->Segment;
        int register = segment == StateOffset.Zero ? StateOffset.SegmentAt(3) : segment == StateOffset.StackZero ? StateOffset.SegmentAt(2) : segment;
        return (ulong)(register + StateOffset.Selector);
    }

    /// <summary>The linear address at a displacement from the block's start, which is the instruction pointer too.</summary>
    internal int Linear(int displacement)
    {
        int address = Ir.Binary(IrOp.Add, Ir.Add(IrOp.ReadState, 64, immediate: StateOffset.BlockRip), Ir.Constant((ulong)displacement));
        return CodeBits == 64 ? address : Ir.ZeroExtend(address, 32);
    }

    /// <summary>Says that a value holds the flags of just now as LAHF stores them, with SF, AF and OF clear.</summary>
    internal void NoteStoredFlags(int value) => _stored = (value, _slots[FlagResultSlot], _slots[FlagCarriesSlot]);

    private bool AreFlagsStored => _stored.Flags >= 0 && _stored.Result == _slots[FlagResultSlot] && _stored.Carries == _slots[FlagCarriesSlot];

    /// <summary>A condition that the operation which set the flags answers directly; −1 when it must be put together from the flag words.</summary>
    internal int Condition(int number)
    {
        int result = _slots[FlagResultSlot];
        int carries = _slots[FlagCarriesSlot];
        if (AreFlagsStored && ConditionMask(number) is var mask && mask != 0)
        {
            const int Zero = 4;
            return Ir.Add(IrOp.Test, 64, Ir.Binary(IrOp.And, _stored.Flags, Ir.Constant(mask)), auxiliary: Zero | (~number & 1), significantBits: 1);
        }

        // Zero and not zero look at the result word alone.
        if (carries >= 0 && result >= 0)
        {
            ref IrInstruction made = ref Ir[carries];
            int width = Ir[result].Op == IrOp.SignExtend ? Ir[result].Width : 64;
            int plain = Ir.WithoutExtension(result, width);
            if (made.Op == IrOp.SubtractCarries && made.Width == width && made.C == plain && Ir.IsDifference(plain, made.A, made.B, width))
            {
                return Ir.Add(IrOp.Compare, width, made.A, made.B, auxiliary: number, significantBits: 1);
            }

            if (made.Op == IrOp.Constant && made.Immediate == 0)
            {
                return Ir.Add(IrOp.Test, width, plain, auxiliary: number, significantBits: 1);
            }
        }

        if (Dirty(FlagResultSlot) < 0 && Dirty(FlagCarriesSlot) < 0)
        {
            return Ir.Add(IrOp.EntryCondition, 64, auxiliary: number, significantBits: 1);
        }

        if ((number >> 1) == 2)
        {
            result = FlagResult;
            int width = Ir[result].Op == IrOp.SignExtend ? Ir[result].Width : 64;
            return Ir.Add(IrOp.Test, width, Ir.WithoutExtension(result, width), auxiliary: number, significantBits: 1);
        }

        return -1;
    }

    // Which of CF, PF and ZF a condition asks for, when SF and OF are clear; 0 for none of them.
    private static uint ConditionMask(int number) => (number >> 1) switch
    {
        1 => LazyFlags.Cf,
        2 or 7 => LazyFlags.Zf,
        3 => LazyFlags.Cf | LazyFlags.Zf,
        5 => LazyFlags.Pf,
        _ => 0,
    };

    /// <summary>Ends the block with a branch to a displacement from its start.</summary>
    /// <param name="displacement">The displacement.</param>
    /// <param name="isCall">Whether a return is expected.</param>
    internal void EndWithJump(ulong displacement, bool isCall = false)
    {
        _ended = true;
        bool returns = isCall && IsReturnWithinPage();
        if (IsWithinPage(displacement))
        {
            Ir.Add(IrOp.Jump, 64, immediate: displacement, auxiliary: (int)(returns ? IrJumpKind.Call : IrJumpKind.Plain));
        }
        else
        {
            EndWithJumpTo(Linear((int)displacement), returns ? IrJumpKind.FarCall : IrJumpKind.Far);
        }
    }

    /// <summary>Ends the block with a conditional branch to a displacement from its start.</summary>
    internal void EndWithBranch(int condition, ulong displacement)
    {
        _ended = true;
        if (_copy < _copies - 1)
        {
            Ir.Add(IrOp.LoopExit, 64, condition, auxiliary: _copy + 1);
            return;
        }

        Ir.Add(IrOp.Branch, 64, condition, immediate: displacement, exit: ExitHere());
    }

    /// <summary>Ends the block with a branch to a linear address.</summary>
    internal void EndWithJumpTo(int target, IrJumpKind kind = IrJumpKind.Plain)
    {
        _ended = true;
        Ir.Add(IrOp.JumpIndirect, 64, target, auxiliary: (int)(kind == IrJumpKind.Call && !IsReturnWithinPage() ? IrJumpKind.Plain : kind));
    }

    // The block behind a call is linked as any other, so that it must lie in the same page.
    private bool IsReturnWithinPage() => IsWithinPage((ulong)(_operation->RipOffset + _operation->Length));

    // Whether a displacement from the block's start leads to the page that the block lies in: only then may blocks be linked.
    private bool IsWithinPage(ulong displacement)
        => (((_block->GuestPhysical & (PageSize - 1)) + displacement) & ~(ulong)(PageSize - 1)) == 0;

    // Whether an instruction still makes the operation that the block has: another processor may be writing the code.
    private bool IsWhatWasDecoded()
    {
        Op lowered;
        Lowering.Lower(_instruction, &lowered, _operation->RipOffset, _operation->IndexInBlock);
        // Handlers differ: an engine puts its own in front of a block.
        lowered.Handler = _operation->Handler;
        return new ReadOnlySpan<byte>(&lowered, sizeof(Op)).SequenceEqual(new ReadOnlySpan<byte>(_operation, sizeof(Op)));
    }

    private bool TryRecord()
    {
        if (_instruction.Row is not { } row || (row.Binding.Emit == null && !VectorRecorder.CanRecord(_instruction, _hostFeatures) && !X87Recorder.CanRecord(_instruction, _hostFeatures)))
        {
            return false;
        }

        int count = Ir.Count;
        int exitCount = Ir.Exits.Count;
        _slots.CopyTo(_saved, 0);
        Failed = false;
        var emitting = new Emitting(this);
        (bool wasVectorChecked, bool wasUpperChecked, bool wasX87Checked) = (_isVectorChecked, _isUpperChecked, _isX87Checked);
        if (row.Binding.Emit != null)
        {
            row.Binding.Emit(ref emitting);
        }
        else if (row.Family == "x87")
        {
            X87Recorder.Record(this, ref emitting);
        }
        else
        {
            VectorRecorder.Record(this);
        }

        if (!Failed)
        {
            return true;
        }

        Ir.Truncate(count, exitCount);
        _stored = (-1, -1, -1);
        _saved.CopyTo(_slots, 0);
        (_isVectorChecked, _isUpperChecked, _isX87Checked) = (wasVectorChecked, wasUpperChecked, wasX87Checked);
        _ended = false;
        return false;
    }

    private int SlotOf(ushort offset, out int position)
    {
        int relative = offset - StateOffset.Gpr;
        position = (relative & 7) * 8;
        if ((uint)relative >= 16 * 8)
        {
            Failed = true;
            return 0;
        }

        return relative >> 3;
    }

    private int Dirty(int slot)
    {
        int value = _slots[slot];
        return value >= 0 && Ir[value].Op == IrOp.ReadSlot && Ir[value].Immediate == (ulong)slot ? -1 : value;
    }
}
