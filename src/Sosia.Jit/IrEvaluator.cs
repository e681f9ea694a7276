using System;
using System.Buffers.Binary;
using System.Numerics;

namespace Sosia.Jit;

/// <summary>What pure operations compute: for folding, and for the values of an exit that only now are asked for.</summary>
public static class IrEvaluator
{
    /// <summary>An operation on two 64-bit values.</summary>
    public static ulong Binary(IrOp op, ulong a, ulong b) => op switch
    {
        IrOp.Add => a + b,
        IrOp.Subtract => a - b,
        IrOp.Multiply => a * b,
        IrOp.MultiplyHighUnsigned => Math.BigMul(a, b, out _),
        IrOp.MultiplyHighSigned => (ulong)Math.BigMul((long)a, (long)b, out _),
        IrOp.And => a & b,
        IrOp.Or => a | b,
        IrOp.Xor => a ^ b,
        IrOp.ShiftLeft => a << (int)b,
        IrOp.ShiftRight => a >> (int)b,
        IrOp.ShiftRightArithmetic => (ulong)((long)a >> (int)b),
        IrOp.Equal => a == b ? 1UL : 0,
        IrOp.LessUnsigned => a < b ? 1UL : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "not an operation on two values"),
    };

    /// <summary>Any pure operation.</summary>
    public static ulong Pure(in IrInstruction instruction, ulong a, ulong b, ulong c)
    {
        int width = instruction.Width;
        switch (instruction.Op)
        {
            case IrOp.Constant:
                return instruction.Immediate;
            case IrOp.Not:
                return Cut(~a, width);
            case IrOp.RotateLeft:
                return width == 32 ? BitOperations.RotateLeft((uint)a, (int)b) : BitOperations.RotateLeft(a, (int)b);
            case IrOp.ZeroExtend:
                return Cut(a, width);
            case IrOp.SignExtend:
                return Extend(a, width);
            case IrOp.Insert:
                ulong mask = Cut(ulong.MaxValue, width) << instruction.Auxiliary;
                return (a & ~mask) | ((b << instruction.Auxiliary) & mask);
            case IrOp.Select:
                return a != 0 ? b : c;
            case IrOp.LeadingZeros:
                return (ulong)BitOperations.LeadingZeroCount(a);
            case IrOp.TrailingZeros:
                return (ulong)BitOperations.TrailingZeroCount(a);
            case IrOp.PopCount:
                return (ulong)BitOperations.PopCount(a);
            case IrOp.ReverseBytes:
                return BinaryPrimitives.ReverseEndianness(a);
            case IrOp.AddCarries:
                return Carries((a & b) | ((a | b) & ~c), width);
            case IrOp.SubtractCarries:
                return Carries((~a & b) | ((~a | b) & c), width);
            case IrOp.Compare:
                return Compare(instruction.Auxiliary, Cut(a, width), Cut(b, width), width);
            case IrOp.Test:
                return Compare(instruction.Auxiliary, Cut(a, width), 0, width);
            case IrOp.Equal or IrOp.LessUnsigned:
                return Binary(instruction.Op, a, b);
            default:
                return Cut(Binary(instruction.Op, a, b), width);
        }
    }

    /// <summary>True for operations without effect, which can be left out, or done later, when nobody needs their value now.</summary>
    public static bool IsPure(IrOp op) => op is IrOp.Constant or (>= IrOp.Add and <= IrOp.Test);

    private static ulong Cut(ulong value, int width) => width == 64 ? value : value & ((1UL << width) - 1);

    private static ulong Extend(ulong value, int width) => (ulong)((long)(value << (64 - width)) >> (64 - width));

    // The form that the guest's lazy flags have: the carry of the top bit on top, that of bit 3 in its place.
    private static ulong Carries(ulong vector, int width)
        => width == 64 ? vector & ~3UL : (vector << (64 - width)) | (vector & 8);

    // Conditions by the host's numbers; after a test, which is a comparison with 0, carry and overflow are clear.
    private static ulong Compare(int condition, ulong a, ulong b, int width)
    {
        long x = (long)Extend(a, width);
        long y = (long)Extend(b, width);
        long difference = (long)Extend(a - b, width);
        bool holds = (condition >> 1) switch
        {
            0 => (((x ^ y) & (x ^ difference)) >> 63) != 0,
            1 => a < b,
            2 => a == b,
            3 => a <= b,
            4 => difference < 0,
            5 => (BitOperations.PopCount((byte)difference) & 1) == 0,
            6 => x < y,
            _ => x <= y,
        };
        return holds != ((condition & 1) != 0) ? 1UL : 0;
    }
}
