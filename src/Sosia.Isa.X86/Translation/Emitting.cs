using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;
using Sosia.Jit;

namespace Sosia.Isa.X86.Translation;

/// <summary>
/// The instance of <see cref="ISemantics{V}"/> that records meanings as intermediate code. What it cannot express makes it
/// <see cref="Fail"/>: the translated block then calls the interpreter's handler for that instruction.
/// </summary>
public struct Emitting : ISemantics<IrValue>
{
    private readonly BlockTranslator _translator;
    private IrValue _updateHost;
    private IrValue _updateOld;
    private bool _hasUpdate;
    private IrValue _memoryOffset;
    private bool _hasMemoryOffset;

    internal Emitting(BlockTranslator translator)
    {
        _translator = translator;
        _updateHost = _updateOld = default;
        _hasUpdate = false;
        _memoryOffset = default;
        _hasMemoryOffset = false;
    }

    /// <inheritdoc/>
    public readonly int Bits => _translator.Instruction.OperandBits;

    /// <inheritdoc/>
    public readonly bool Faulted => false;

    /// <inheritdoc/>
    public readonly bool DestinationIsRegister => Instruction.Destination == OperandPlace.Register;

    /// <inheritdoc/>
    public readonly bool SourceIsImmediate => Instruction.Source == OperandPlace.Immediate;

    /// <summary>The instruction being recorded.</summary>
    public readonly ref readonly DecodedInstruction Instruction => ref _translator.Instruction;

    /// <inheritdoc/>
    public readonly IrValue FlagResult
    {
        get => new(_translator.FlagResult);
        set => _translator.FlagResult = value.Index;
    }

    /// <inheritdoc/>
    public readonly IrValue FlagCarries
    {
        get => new(_translator.FlagCarries);
        set => _translator.FlagCarries = value.Index;
    }

    private readonly IrBlock Ir => _translator.Ir;

    /// <summary>Records a meaning.</summary>
    public static void Execute<TInsn>(ref Emitting s)
        where TInsn : struct, IInstruction
        => TInsn.Execute<Emitting, IrValue>(ref s);

    /// <summary>Says that the instruction cannot be recorded.</summary>
    public readonly void Fail() => _translator.Failed = true;

    /// <inheritdoc/>
    public readonly IrValue ReadDestination()
        => Instruction.Destination switch
        {
            OperandPlace.Register => new(_translator.ReadRegister(_translator.Operation.Destination, Bits)),
            OperandPlace.Memory => ReadMemory(Address(Bits, isWrite: false), Bits),
            _ => Failed(),
        };

    /// <inheritdoc/>
    public IrValue ReadDestinationForUpdate()
    {
        if (Instruction.Destination != OperandPlace.Memory)
        {
            return ReadDestination();
        }

        _updateHost = new(Ir.Add(IrOp.GuestWritable, Bits, Address(Bits, isWrite: true).Index, exit: _translator.ExitHere()));
        _hasUpdate = true;
        _updateOld = new(Ir.Add(IrOp.HostLoad, Bits, _updateHost.Index, significantBits: Bits));
        return _updateOld;
    }

    /// <inheritdoc/>
    public readonly IrValue ReadSource() => ReadSource(Bits);

    /// <inheritdoc/>
    public readonly IrValue ReadSource(int bits)
        => Instruction.Source switch
        {
            OperandPlace.Register => new(_translator.ReadRegister(_translator.Operation.Source, bits)),
            OperandPlace.Memory => ReadMemory(Address(bits, isWrite: false), bits),
            OperandPlace.Immediate => new(Ir.ZeroExtend(Ir.Constant(_translator.Operation.Immediate), bits)),
            _ => Failed(),
        };

    /// <inheritdoc/>
    public void OffsetMemory(IrValue byteOffset)
    {
        _memoryOffset = byteOffset;
        _hasMemoryOffset = true;
    }

    /// <inheritdoc/>
    public readonly IrValue ReadThird() => new(_translator.ReadRegister(_translator.Operation.Third, Bits));

    /// <inheritdoc/>
    public readonly IrValue ReadImmediate() => Truncate(Constant(_translator.Operation.Immediate));

    /// <inheritdoc/>
    public readonly IrValue EffectiveAddress() => new(_translator.EffectiveAddress());

    /// <inheritdoc/>
    public readonly void WriteDestination(IrValue value)
    {
        if (Instruction.Destination == OperandPlace.Register)
        {
            _translator.WriteRegister(_translator.Operation.Destination, Bits, value.Index);
        }
        else if (Instruction.Destination != OperandPlace.Memory)
        {
            Fail();
        }
        else if (!_hasUpdate)
        {
            WriteMemory(Address(Bits, isWrite: true), Bits, value);
        }
        else if (Instruction.IsLocked && _translator.HasPeers)
        {
            // Nothing of the instruction has been committed yet: when another processor was faster, it is left to its handler.
            Ir.Add(IrOp.HostCompareExchange, Bits, _updateHost.Index, value.Index, _updateOld.Index, exit: _translator.ExitHere());
        }
        else
        {
            Ir.Add(IrOp.HostStore, Bits, _updateHost.Index, value.Index);
        }
    }

    /// <inheritdoc/>
    public readonly void WriteSource(IrValue value) => _translator.WriteRegister(_translator.Operation.Source, Bits, value.Index);

    /// <inheritdoc/>
    public readonly void WriteThird(IrValue value) => _translator.WriteRegister(_translator.Operation.Third, Bits, value.Index);

    /// <inheritdoc/>
    public readonly IrValue ReadRegister(int number) => new(Ir.ZeroExtend(_translator.ReadSlot(number), Bits));

    /// <inheritdoc/>
    public readonly void WriteRegister(int number, IrValue value) => _translator.WriteSlotPart(number, Bits, 0, value.Index);

    /// <inheritdoc/>
    public readonly void WriteRegisterIf(IrValue condition, int number, IrValue value)
        => _translator.WriteSlotIf(condition.Index, number, Bits, 0, value.Index);

    /// <inheritdoc/>
    public readonly void WriteDestinationIf(IrValue condition, IrValue value)
        => _translator.WriteRegisterIf(condition.Index, _translator.Operation.Destination, Bits, value.Index);

    /// <inheritdoc/>
    public readonly IrValue ReadRegister16(int number) => new(Ir.ZeroExtend(_translator.ReadSlot(number), 16));

    /// <inheritdoc/>
    public readonly void WriteRegister16(int number, IrValue value) => _translator.WriteSlotPart(number, 16, 0, value.Index);

    /// <inheritdoc/>
    public readonly void FaultIf(IrValue condition, byte vector) => LeaveIf(condition);

    /// <inheritdoc/>
    public readonly IrValue Constant(ulong value) => new(Ir.Constant(value));

    /// <inheritdoc/>
    public readonly IrValue Truncate(IrValue value) => new(Bits == 64 ? value.Index : Ir.ZeroExtend(value.Index, Bits));

    /// <inheritdoc/>
    public readonly IrValue SignExtend(IrValue value) => SignExtend(value, Bits);

    /// <inheritdoc/>
    public readonly IrValue SignExtend(IrValue value, int bits) => new(Ir.SignExtend(value.Index, bits));

    /// <inheritdoc/>
    public readonly IrValue ZeroExtend(IrValue value, int bits) => new(bits == 64 ? value.Index : Ir.ZeroExtend(value.Index, bits));

    /// <inheritdoc/>
    public readonly IrValue Add(IrValue a, IrValue b) => Binary(IrOp.Add, a, b);

    /// <inheritdoc/>
    public readonly IrValue Subtract(IrValue a, IrValue b) => Binary(IrOp.Subtract, a, b);

    /// <inheritdoc/>
    public readonly IrValue Multiply(IrValue a, IrValue b) => Binary(IrOp.Multiply, a, b);

    /// <inheritdoc/>
    public readonly IrValue MultiplyHighUnsigned(IrValue a, IrValue b) => Binary(IrOp.MultiplyHighUnsigned, a, b);

    /// <inheritdoc/>
    public readonly IrValue MultiplyHighSigned(IrValue a, IrValue b) => Binary(IrOp.MultiplyHighSigned, a, b);

    /// <inheritdoc/>
    public readonly IrValue DivideUnsigned(IrValue high, IrValue low, IrValue divisor, out IrValue remainder)
    {
        IrValue quotient = new(Ir.Add(IrOp.Divide, 64, high.Index, low.Index, divisor.Index));
        remainder = new(Ir.Add(IrOp.Remainder, 64, quotient.Index));
        return quotient;
    }

    /// <inheritdoc/>
    public readonly IrValue And(IrValue a, IrValue b) => Binary(IrOp.And, a, b);

    /// <inheritdoc/>
    public readonly IrValue Or(IrValue a, IrValue b) => Binary(IrOp.Or, a, b);

    /// <inheritdoc/>
    public readonly IrValue Xor(IrValue a, IrValue b) => Binary(IrOp.Xor, a, b);

    /// <inheritdoc/>
    public readonly IrValue Not(IrValue a) => new(Ir.Add(IrOp.Not, 64, a.Index));

    /// <inheritdoc/>
    public readonly IrValue ShiftLeft(IrValue a, IrValue count) => Binary(IrOp.ShiftLeft, a, count);

    /// <inheritdoc/>
    public readonly IrValue ShiftRight(IrValue a, IrValue count) => Binary(IrOp.ShiftRight, a, count);

    /// <inheritdoc/>
    public readonly IrValue ShiftRightArithmetic(IrValue a, IrValue count) => Binary(IrOp.ShiftRightArithmetic, a, count);

    /// <inheritdoc/>
    public readonly IrValue Equal(IrValue a, IrValue b) => Binary(IrOp.Equal, a, b);

    /// <inheritdoc/>
    public readonly IrValue LessUnsigned(IrValue a, IrValue b) => Binary(IrOp.LessUnsigned, a, b);

    /// <inheritdoc/>
    public readonly IrValue Select(IrValue condition, IrValue a, IrValue b)
        => Ir.IsConstant(condition.Index, out ulong constant) ? constant != 0 ? a : b
            : new(Ir.Add(IrOp.Select, 64, condition.Index, a.Index, b.Index, significantBits: System.Math.Max(Ir[a.Index].SignificantBits, Ir[b.Index].SignificantBits)));

    /// <inheritdoc/>
    public readonly IrValue LeadingZeros(IrValue a) => Unary(IrOp.LeadingZeros, a, 7);

    /// <inheritdoc/>
    public readonly IrValue TrailingZeros(IrValue a) => Unary(IrOp.TrailingZeros, a, 7);

    /// <inheritdoc/>
    public readonly IrValue PopCount(IrValue a) => Unary(IrOp.PopCount, a, 7);

    /// <inheritdoc/>
    public readonly IrValue ReverseBytes(IrValue a) => Unary(IrOp.ReverseBytes, a, 64);

    /// <inheritdoc/>
    public readonly IrValue DepositBits(IrValue value, IrValue mask) => Failed();

    /// <inheritdoc/>
    public readonly IrValue ExtractBits(IrValue value, IrValue mask) => Failed();

    /// <inheritdoc/>
    public readonly IrValue Crc32(IrValue crc, IrValue data, int bits) => Failed();

    /// <inheritdoc/>
    public readonly IrValue AddCarries(IrValue a, IrValue b, IrValue result) => Carries(IrOp.AddCarries, a, b, result);

    /// <inheritdoc/>
    public readonly IrValue SubtractCarries(IrValue a, IrValue b, IrValue result) => Carries(IrOp.SubtractCarries, a, b, result);

    /// <inheritdoc/>
    public IrValue Holds<TCondition>()
        where TCondition : struct, ICondition
    {
        int value = _translator.Condition(TCondition.Number);
        return value >= 0 ? new(value) : TCondition.Holds<Emitting, IrValue>(ref this);
    }

    /// <summary>Reads guest memory at a linear address.</summary>
    public readonly IrValue ReadMemory(IrValue address, int bits)
        => new(Ir.Add(IrOp.GuestLoad, bits, address.Index, exit: _translator.ExitHere(), significantBits: bits));

    /// <summary>Writes guest memory at a linear address.</summary>
    public readonly void WriteMemory(IrValue address, int bits, IrValue value)
        => Ir.Add(IrOp.GuestStore, bits, address.Index, value.Index, exit: _translator.ExitHere());

    /// <summary>Eight bytes of the CPU's state.</summary>
    public readonly IrValue ReadState(ushort offset) => new(Ir.Add(IrOp.ReadState, 64, immediate: offset));

    /// <summary>Replaces eight bytes of the CPU's state.</summary>
    public readonly void WriteState(ushort offset, IrValue value) => Ir.Add(IrOp.WriteState, 64, value.Index, immediate: offset);

    /// <summary>Leaves the instruction to the interpreter when a value is not 0; to be called before anything is committed.</summary>
    public readonly void LeaveIf(IrValue condition) => Ir.Add(IrOp.ExitIf, 64, condition.Index, exit: _translator.ExitHere());

    /// <summary>A general register, whole.</summary>
    public readonly IrValue ReadWhole(int number) => new(_translator.ReadSlot(number));

    /// <summary>Replaces a general register, whole.</summary>
    public readonly void WriteWhole(int number, IrValue value) => _translator.WriteSlot(number, value.Index);

    /// <summary>Replaces the low bits of a general register, as the processor does.</summary>
    public readonly void WritePart(int number, int bits, IrValue value) => _translator.WriteSlotPart(number, bits, 0, value.Index);

    /// <summary>For a string instruction without repetition, upwards: leaves the block when DF is set. A repeated one cannot be recorded.</summary>
    /// <returns>False when it cannot be recorded.</returns>
    public readonly bool BeginString()
    {
        if (Instruction.RepPrefix != 0)
        {
            Fail();
            return false;
        }

        LeaveIf(And(ReadState(StateOffset.SystemFlags), Constant(ControlBits.Df)));
        return true;
    }

    /// <summary>The linear address of a string instruction's source element, which is read.</summary>
    public readonly IrValue StringSource(int register, int bits) => StringAddress(_translator.Operation.Segment, register, bits, isWrite: false);

    /// <summary>The linear address of a string instruction's destination element, which is written.</summary>
    public readonly IrValue StringDestination(int register, int bits) => StringAddress(StateOffset.Es, register, bits, isWrite: true);

    /// <summary>Moves an index of a string instruction up by one element.</summary>
    public readonly void Advance(int register, int bits)
        => WritePart(register, Instruction.AddressBits, CutToAddressSize(Add(ReadWhole(register), Constant((ulong)(bits / 8)))));

    /// <summary>Pushes a value at operand width.</summary>
    public readonly void Push(IrValue value)
    {
        IrValue pointer = StackPointer(-Bits / 8);
        WriteMemory(StackAddress(pointer, Bits, isWrite: true), Bits, value);
        _translator.WriteSlot(4, pointer.Index);
    }

    /// <summary>Pops a value of operand width.</summary>
    public readonly IrValue Pop()
    {
        IrValue value = ReadMemory(StackAddress(StackPointer(0), Bits, isWrite: false), Bits);
        _translator.WriteSlot(4, StackPointer(Bits / 8).Index);
        return value;
    }

    /// <summary>Pops the target of a return, and drops so many bytes more.</summary>
    public readonly IrValue PopTarget(int byteCount)
    {
        IrValue value = RequireTarget(ReadMemory(StackAddress(StackPointer(0), Bits, isWrite: false), Bits));
        _translator.WriteSlot(4, StackPointer((Bits / 8) + byteCount).Index);
        return value;
    }

    /// <summary>Reads RBP's stack slot and leaves the stack pointer above it.</summary>
    public readonly IrValue PopFrame()
    {
        IrValue frame = CutToStack(ReadWhole(5));
        IrValue value = ReadMemory(StackAddress(frame, Bits, isWrite: false), Bits);
        _translator.WriteSlot(4, CutToStack(Add(frame, Constant((ulong)(Bits / 8)))).Index);
        return value;
    }

    /// <summary>Lets the interpreter fault when a branch cannot go to its target; to be called before anything is committed. Targets narrower than the code are not recorded.</summary>
    public readonly IrValue RequireTarget(IrValue target)
    {
        if (RequireWholeTarget() && Bits == 64)
        {
            Ir.Add(IrOp.RequireCanonical, 64, target.Index, exit: _translator.ExitHere());
        }

        return target;
    }

    /// <summary>Fails when a branch's target is narrower than the code.</summary>
    public readonly bool RequireWholeTarget()
    {
        if (Bits != _translator.CodeBits)
        {
            Fail();
        }

        return Bits == _translator.CodeBits;
    }

    /// <summary>The address of the instruction behind this one.</summary>
    public readonly IrValue NextRip() => new(_translator.Linear(_translator.Operation.RipOffset + _translator.Operation.Length));

    /// <summary>Ends the block with a branch to the instruction's target.</summary>
    public readonly void Jump(bool isCall = false)
    {
        if (RequireWholeTarget())
        {
            _translator.EndWithJump(_translator.Operation.Immediate, isCall);
        }
    }

    /// <summary>Ends the block with a conditional branch to the instruction's target.</summary>
    public readonly void Branch(IrValue condition)
    {
        if (RequireWholeTarget())
        {
            _translator.EndWithBranch(condition.Index, _translator.Operation.Immediate);
        }
    }

    /// <summary>Ends the block with a branch to an address that is known only when it runs.</summary>
    public readonly void JumpTo(IrValue target, IrJumpKind kind = IrJumpKind.Plain) => _translator.EndWithJumpTo(target.Index, kind);

    private readonly IrValue Address(int bits, bool isWrite)
        => new(_translator.MemoryAddress(bits / 8, isWrite, _hasMemoryOffset ? _memoryOffset.Index : -1));

    private readonly IrValue StringAddress(ushort segment, int register, int bits, bool isWrite)
        => new(_translator.LinearAddress(segment, CutToAddressSize(ReadWhole(register)).Index, bits / 8, isWrite));

    private readonly IrValue CutToAddressSize(IrValue offset) => new(_translator.CutToAddressSize(offset.Index));

    // The stack pointer moved by so many bytes.
    private readonly IrValue StackPointer(int byteCount) => CutToStack(byteCount == 0 ? ReadWhole(4) : Add(ReadWhole(4), Constant((ulong)byteCount)));

    private readonly IrValue CutToStack(IrValue pointer)
        => _translator.StackBits switch { 64 => pointer, 32 => ZeroExtend(pointer, 32), _ => Failed() };

    private readonly IrValue StackAddress(IrValue pointer, int bits, bool isWrite)
        => new(_translator.LinearAddress(StateOffset.SegmentAt(2), pointer.Index, bits / 8, isWrite));

    private readonly IrValue Binary(IrOp op, IrValue a, IrValue b) => new(Ir.Binary(op, a.Index, b.Index));

    private readonly IrValue Unary(IrOp op, IrValue a, int significantBits) => new(Ir.Add(op, 64, a.Index, significantBits: significantBits));

    private readonly IrValue Carries(IrOp op, IrValue a, IrValue b, IrValue result)
        => new(Ir.Add(op, Bits, Ir.WithoutExtension(a.Index, Bits), Ir.WithoutExtension(b.Index, Bits), Ir.WithoutExtension(result.Index, Bits)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly IrValue Failed()
    {
        Fail();
        return Constant(0);
    }
}
