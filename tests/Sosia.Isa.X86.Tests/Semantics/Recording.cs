using System.Collections.Generic;
using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.Semantics.Control;

namespace Sosia.Isa.X86.Tests.Semantics;

/// <summary>
/// The other instance of <see cref="ISemantics{V}"/>: it records the meaning as intermediate code on register operands. The
/// recompiler's will be like it; here it proves that the meanings are written so that it can be.
/// </summary>
public struct Recording(List<IrOperation> code, int bits) : ISemantics<IrValue>
{
    public readonly int Bits => bits;

    public readonly bool Faulted => false;

    public readonly bool DestinationIsRegister => true;

    public IrValue FlagResult
    {
        readonly get => Emit(IrOpcode.FlagResult);
        set => Emit(IrOpcode.SetFlagResult, value);
    }

    public IrValue FlagCarries
    {
        readonly get => Emit(IrOpcode.FlagCarries);
        set => Emit(IrOpcode.SetFlagCarries, value);
    }

    public readonly IrValue ReadDestination() => Emit(IrOpcode.ReadDestination);

    public readonly IrValue ReadDestinationForUpdate() => Emit(IrOpcode.ReadDestination);

    public readonly IrValue ReadSource() => Emit(IrOpcode.ReadSource);

    public readonly bool SourceIsImmediate => false;

    public readonly IrValue ReadSource(int fromBits) => EmitImmediate(IrOpcode.ZeroExtend, (ulong)fromBits, Emit(IrOpcode.ReadSource));

    public readonly void OffsetMemory(IrValue byteOffset) => throw new System.NotSupportedException("Register operands only.");

    public readonly IrValue ReadThird() => Emit(IrOpcode.ReadThird);

    public readonly IrValue ReadImmediate() => throw new System.NotSupportedException("Register operands only.");

    public readonly IrValue EffectiveAddress() => throw new System.NotSupportedException("Register operands only.");

    public readonly void WriteDestination(IrValue value) => Emit(IrOpcode.WriteDestination, value);

    public readonly void WriteDestinationIf(IrValue condition, IrValue value) => Emit(IrOpcode.WriteDestinationIf, condition, value);

    public readonly void WriteSource(IrValue value) => Emit(IrOpcode.WriteSource, value);

    public readonly void WriteThird(IrValue value) => Emit(IrOpcode.WriteThird, value);

    public readonly IrValue ReadRegister(int number) => EmitImmediate(IrOpcode.ReadRegister, (ulong)number);

    public readonly void WriteRegister(int number, IrValue value) => EmitImmediate(IrOpcode.WriteRegister, (ulong)number, value);

    public readonly void WriteRegisterIf(IrValue condition, int number, IrValue value) => EmitImmediate(IrOpcode.WriteRegisterIf, (ulong)number, condition, value);

    public readonly IrValue ReadRegister16(int number) => EmitImmediate(IrOpcode.ReadRegister16, (ulong)number);

    public readonly void WriteRegister16(int number, IrValue value) => EmitImmediate(IrOpcode.WriteRegister16, (ulong)number, value);

    public readonly void FaultIf(IrValue condition, byte vector) => EmitImmediate(IrOpcode.FaultIf, vector, condition);

    public readonly IrValue Constant(ulong value) => EmitImmediate(IrOpcode.Constant, value);

    public readonly IrValue Truncate(IrValue value) => EmitImmediate(IrOpcode.ZeroExtend, (ulong)bits, value);

    public readonly IrValue SignExtend(IrValue value) => EmitImmediate(IrOpcode.SignExtend, (ulong)bits, value);

    public readonly IrValue SignExtend(IrValue value, int fromBits) => EmitImmediate(IrOpcode.SignExtend, (ulong)fromBits, value);

    public readonly IrValue ZeroExtend(IrValue value, int fromBits) => EmitImmediate(IrOpcode.ZeroExtend, (ulong)fromBits, value);

    public readonly IrValue Add(IrValue a, IrValue b) => Emit(IrOpcode.Add, a, b);

    public readonly IrValue Subtract(IrValue a, IrValue b) => Emit(IrOpcode.Subtract, a, b);

    public readonly IrValue Multiply(IrValue a, IrValue b) => Emit(IrOpcode.Multiply, a, b);

    public readonly IrValue MultiplyHighUnsigned(IrValue a, IrValue b) => Emit(IrOpcode.MultiplyHighUnsigned, a, b);

    public readonly IrValue MultiplyHighSigned(IrValue a, IrValue b) => Emit(IrOpcode.MultiplyHighSigned, a, b);

    public readonly IrValue DivideUnsigned(IrValue high, IrValue low, IrValue divisor, out IrValue remainder)
    {
        code.Add(new IrOperation(IrOpcode.Remainder, high.Index, low.Index, divisor.Index, 0));
        remainder = new IrValue(code.Count - 1);
        code.Add(new IrOperation(IrOpcode.Quotient, high.Index, low.Index, divisor.Index, 0));
        return new IrValue(code.Count - 1);
    }

    public readonly IrValue DepositBits(IrValue value, IrValue mask) => Emit(IrOpcode.DepositBits, value, mask);

    public readonly IrValue ExtractBits(IrValue value, IrValue mask) => Emit(IrOpcode.ExtractBits, value, mask);

    public readonly IrValue Crc32(IrValue crc, IrValue data, int dataBits) => EmitImmediate(IrOpcode.Crc32, (ulong)dataBits, crc, data);

    public readonly IrValue And(IrValue a, IrValue b) => Emit(IrOpcode.And, a, b);

    public readonly IrValue Or(IrValue a, IrValue b) => Emit(IrOpcode.Or, a, b);

    public readonly IrValue Xor(IrValue a, IrValue b) => Emit(IrOpcode.Xor, a, b);

    public readonly IrValue Not(IrValue a) => Emit(IrOpcode.Not, a);

    public readonly IrValue ShiftLeft(IrValue a, IrValue count) => Emit(IrOpcode.ShiftLeft, a, count);

    public readonly IrValue ShiftRight(IrValue a, IrValue count) => Emit(IrOpcode.ShiftRight, a, count);

    public readonly IrValue ShiftRightArithmetic(IrValue a, IrValue count) => Emit(IrOpcode.ShiftRightArithmetic, a, count);

    public readonly IrValue Equal(IrValue a, IrValue b) => Emit(IrOpcode.Equal, a, b);

    public readonly IrValue LessUnsigned(IrValue a, IrValue b) => Emit(IrOpcode.LessUnsigned, a, b);

    public readonly IrValue Select(IrValue condition, IrValue a, IrValue b)
    {
        code.Add(new IrOperation(IrOpcode.Select, condition.Index, a.Index, b.Index, 0));
        return new IrValue(code.Count - 1);
    }

    public readonly IrValue LeadingZeros(IrValue a) => Emit(IrOpcode.LeadingZeros, a);

    public readonly IrValue TrailingZeros(IrValue a) => Emit(IrOpcode.TrailingZeros, a);

    public readonly IrValue PopCount(IrValue a) => Emit(IrOpcode.PopCount, a);

    public readonly IrValue ReverseBytes(IrValue a) => Emit(IrOpcode.ReverseBytes, a);

    public readonly IrValue AddCarries(IrValue a, IrValue b, IrValue result)
        => CarryWord(Or(And(a, b), And(Or(a, b), Not(result))));

    public readonly IrValue SubtractCarries(IrValue a, IrValue b, IrValue result)
        => CarryWord(Or(And(Not(a), b), And(Or(Not(a), b), result)));

    public IrValue Holds<TCondition>()
        where TCondition : struct, ICondition
        => TCondition.Holds<Recording, IrValue>(ref this);

    private readonly IrValue CarryWord(IrValue vector)
        => bits == 64
            ? And(vector, Constant(~3UL))
            : Or(ShiftLeft(vector, Constant((ulong)(64 - bits))), And(vector, Constant(8)));

    private readonly IrValue Emit(IrOpcode opcode, IrValue a = default, IrValue b = default) => EmitImmediate(opcode, 0, a, b);

    private readonly IrValue EmitImmediate(IrOpcode opcode, ulong immediate, IrValue a = default, IrValue b = default)
    {
        code.Add(new IrOperation(opcode, a.Index, b.Index, 0, immediate));
        return new IrValue(code.Count - 1);
    }
}
