using System;
using System.Collections.Generic;

namespace Sosia.Jit;

/// <summary>
/// A block in intermediate form: a list of instructions in static single assignment, without branches inside. The builder methods fold what is
/// constant. One object is used for block after block, so that translating allocates nothing once its arrays have grown.
/// </summary>
public sealed class IrBlock
{
    private IrInstruction[] _code = new IrInstruction[1024];

    /// <summary>How many instructions there are.</summary>
    public int Count { get; private set; }

    /// <summary>The exits that instructions refer to.</summary>
    public List<IrExit> Exits { get; } = [];

    /// <summary>The vector instructions that instructions refer to.</summary>
    public List<IrVector> Vectors { get; } = [];

    /// <summary>The flags' result word at the block's end; −1 when the state holds it.</summary>
    public int EndFlagResult { get; set; } = -1;

    /// <summary>The flags' carry word at the block's end; −1 when the state holds it.</summary>
    public int EndFlagCarries { get; set; } = -1;

    /// <summary>A value that holds the flags at the block's end as LAHF stores them, OF being clear, where there is one besides the two words; else −1.</summary>
    public int EndStoredFlags { get; set; } = -1;

    /// <summary>How many times the guest's block, a loop in itself, is recorded in a row.</summary>
    public int Copies { get; set; } = 1;

    /// <summary>The width of the guest's instruction pointer, 32 or 64: where it wraps.</summary>
    public int PointerBits { get; set; } = 64;

    /// <summary>The guest operation that ends the block: its number, which for a block without a branch is that of the synthetic one behind the last.</summary>
    public int LastOperation { get; set; }

    /// <summary>An instruction.</summary>
    public ref IrInstruction this[int index] => ref _code[index];

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Count = 0;
        Exits.Clear();
        Vectors.Clear();
        Copies = 1;
        PointerBits = 64;
        EndFlagResult = -1;
        EndFlagCarries = -1;
        EndStoredFlags = -1;
    }

    /// <summary>Cuts the list back, for a meaning that turned out not to be expressible.</summary>
    public void Truncate(int count, int exitCount)
    {
        Count = count;
        Exits.RemoveRange(exitCount, Exits.Count - exitCount);
    }

    /// <summary>Appends an instruction.</summary>
    /// <returns>Its value.</returns>
    public int Add(IrOp op, int width, int a = -1, int b = -1, int c = -1, ulong immediate = 0, int auxiliary = 0, int exit = -1, int significantBits = 64)
    {
        if (Count == _code.Length)
        {
            Array.Resize(ref _code, _code.Length * 2);
        }

        _code[Count] = new IrInstruction
        {
            Op = op,
            Width = (ushort)width,
            Auxiliary = (byte)auxiliary,
            SignificantBits = (byte)significantBits,
            A = a,
            B = b,
            C = c,
            Exit = exit,
            Immediate = immediate,
        };
        return Count++;
    }

    /// <summary>A constant.</summary>
    public int Constant(ulong value)
    {
        // The last few are looked through: an instruction's meaning asks for the same one again and again.
        for (int i = Count - 1; i >= 0 && i > Count - 8; i--)
        {
            if (_code[i].Op == IrOp.Constant && _code[i].Immediate == value)
            {
                return i;
            }
        }

        return Add(IrOp.Constant, 64, immediate: value, significantBits: Math.Max(1, 64 - System.Numerics.BitOperations.LeadingZeroCount(value)));
    }

    /// <summary>True when a value is a constant.</summary>
    public bool IsConstant(int value, out ulong constant)
    {
        constant = _code[value].Immediate;
        return _code[value].Op == IrOp.Constant;
    }

    /// <summary>An operation on two values, folded when both are constant or one is neutral.</summary>
    public int Binary(IrOp op, int a, int b)
    {
        bool hasA = IsConstant(a, out ulong x);
        bool hasB = IsConstant(b, out ulong y);
        if (hasA && hasB)
        {
            return Constant(IrEvaluator.Binary(op, x, y));
        }

        if (hasB)
        {
            switch (op)
            {
                case IrOp.Add or IrOp.Subtract or IrOp.Or or IrOp.Xor or IrOp.ShiftLeft or IrOp.ShiftRight or IrOp.ShiftRightArithmetic when y == 0:
                    return a;
                case IrOp.And when y == ulong.MaxValue:
                    return a;
                case IrOp.And when y == 0:
                    return b;
                default:
                    break;
            }
        }
        else if (hasA)
        {
            switch (op)
            {
                case IrOp.Add or IrOp.Or or IrOp.Xor when x == 0:
                    return b;
                case IrOp.And when x == 0:
                    return a;
                case IrOp.Add or IrOp.And or IrOp.Or or IrOp.Xor or IrOp.Multiply:
                    // Constants stand second, where host instructions have their immediates.
                    return Binary(op, b, a);
                default:
                    break;
            }
        }

        if (op == IrOp.Or && IsRotation(a, b, 64, out int turned, out int count))
        {
            return Add(IrOp.RotateLeft, 64, turned, count);
        }

        int bitsA = _code[a].SignificantBits;
        int bitsB = _code[b].SignificantBits;
        int significant = op switch
        {
            IrOp.And => Math.Min(bitsA, bitsB),
            IrOp.Or or IrOp.Xor => Math.Max(bitsA, bitsB),
            IrOp.ShiftRight when hasB => Math.Max(1, bitsA - (int)(y & 63)),
            IrOp.ShiftRight => bitsA,
            IrOp.ShiftLeft when hasB => Math.Min(64, bitsA + (int)(y & 63)),
            IrOp.Equal or IrOp.LessUnsigned => 1,
            _ => 64,
        };
        return Add(op, 64, a, b, significantBits: significant);
    }

    /// <summary>The low bits of a value, zero-extended; by a narrower operation where that gives the same.</summary>
    public int ZeroExtend(int value, int bits)
    {
        if (_code[value].SignificantBits <= bits)
        {
            return value;
        }

        if (IsConstant(value, out ulong constant))
        {
            return Constant(constant & ((1UL << bits) - 1));
        }

        IrInstruction made = _code[value];
        if (bits == 32 && made.Op == IrOp.Or && IsRotation(made.A, made.B, 32, out int turned, out int count))
        {
            return Add(IrOp.RotateLeft, 32, turned, count, significantBits: 32);
        }

        if (bits == 32 && made.Width == 64 && made.Op is IrOp.Add or IrOp.Subtract or IrOp.Multiply or IrOp.And or IrOp.Or or IrOp.Xor or IrOp.Not)
        {
            // The host's 32-bit operation clears the upper half by itself; the wide one is left out when nobody else wants it.
            return Add(made.Op, 32, WithoutExtension(made.A, 32), made.B < 0 ? -1 : WithoutExtension(made.B, 32), significantBits: 32);
        }

        return Add(IrOp.ZeroExtend, bits, WithoutExtension(value, bits), significantBits: bits);
    }

    // A value of no more than so many bits shifted left and, by what is missing to them, right: their disjunction turns it.
    private bool IsRotation(int left, int right, int bits, out int value, out int count)
    {
        ref IrInstruction up = ref _code[left];
        ref IrInstruction down = ref _code[right];
        value = up.A;
        count = up.B;
        return up.Op == IrOp.ShiftLeft && down.Op == IrOp.ShiftRight && up.A == down.A && _code[up.A].SignificantBits <= bits
            && IsConstant(up.B, out ulong x) && IsConstant(down.B, out ulong y) && x + y == (ulong)bits;
    }

    /// <summary>The low bits of a value, sign-extended to 64.</summary>
    public int SignExtend(int value, int bits)
    {
        if (bits == 64)
        {
            return value;
        }

        if (IsConstant(value, out ulong constant))
        {
            return Constant((ulong)((long)(constant << (64 - bits)) >> (64 - bits)));
        }

        return Add(IrOp.SignExtend, bits, WithoutExtension(value, bits));
    }

    /// <summary>True when a value is A − B at a width, so that a comparison of both says of the flags what the subtraction did (one with a borrow is not).</summary>
    public bool IsDifference(int value, int a, int b, int width)
    {
        ref IrInstruction made = ref _code[value];
        return made.Op == IrOp.Subtract
            ? IsSame(WithoutExtension(made.A, width), a) && IsSame(WithoutExtension(made.B, width), b)
            : value == a && IsConstant(b, out ulong constant) && constant == 0;
    }

    /// <summary>True when a value is A + B at a width.</summary>
    public bool IsSum(int value, int a, int b, int width)
    {
        ref IrInstruction made = ref _code[value];
        return made.Op == IrOp.Add
            && ((IsSame(WithoutExtension(made.A, width), a) && IsSame(WithoutExtension(made.B, width), b))
                || (IsSame(WithoutExtension(made.A, width), b) && IsSame(WithoutExtension(made.B, width), a)));
    }

    /// <summary>True when two values are one, or the same constant.</summary>
    public bool IsSame(int a, int b) => a == b || (IsConstant(a, out ulong x) && IsConstant(b, out ulong y) && x == y);

    /// <summary>What a value was before it was extended, for an operation that looks at low bits only.</summary>
    public int WithoutExtension(int value, int bits)
    {
        while (_code[value].Op is IrOp.ZeroExtend or IrOp.SignExtend && _code[value].Width >= bits)
        {
            value = _code[value].A;
        }

        return value;
    }
}
