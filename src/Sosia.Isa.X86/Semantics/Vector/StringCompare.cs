using System;
using System.Numerics;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM (SDM vol. 2, 4.1).</summary>
internal static unsafe class StringCompare
{
    private const byte Words = 1;
    private const byte Signed = 2;
    private const byte Negate = 0x10;
    private const byte NegateValidOnly = 0x20;
    private const byte WideOutput = 0x40;
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;

    /// <summary>PCMPESTRI with lengths in EAX and EDX.</summary>
    public static void Pcmpestri(X86Cpu cpu, Op* op) => Explicit(cpu.State, op, (int)cpu.State->Gpr[Rax], (int)cpu.State->Gpr[Rdx], toIndex: true);

    /// <summary>PCMPESTRI with lengths in RAX and RDX.</summary>
    public static void Pcmpestri64(X86Cpu cpu, Op* op) => Explicit(cpu.State, op, (long)cpu.State->Gpr[Rax], (long)cpu.State->Gpr[Rdx], toIndex: true);

    /// <summary>PCMPESTRM with lengths in EAX and EDX.</summary>
    public static void Pcmpestrm(X86Cpu cpu, Op* op) => Explicit(cpu.State, op, (int)cpu.State->Gpr[Rax], (int)cpu.State->Gpr[Rdx], toIndex: false);

    /// <summary>PCMPESTRM with lengths in RAX and RDX.</summary>
    public static void Pcmpestrm64(X86Cpu cpu, Op* op) => Explicit(cpu.State, op, (long)cpu.State->Gpr[Rax], (long)cpu.State->Gpr[Rdx], toIndex: false);

    /// <summary>PCMPISTRI.</summary>
    public static void Pcmpistri(X86Cpu cpu, Op* op) => Implicit(cpu.State, op, toIndex: true);

    /// <summary>PCMPISTRM.</summary>
    public static void Pcmpistrm(X86Cpu cpu, Op* op) => Implicit(cpu.State, op, toIndex: false);

    private static void Explicit(X86State* state, Op* op, long length1, long length2, bool toIndex)
    {
        if (TryOperands(state, op, out Vector128<byte> a, out Vector128<byte> b))
        {
            int count = ElementCount((byte)op->Immediate);
            Finish(state, op, (byte)op->Immediate, a, b, Saturate(length1, count), Saturate(length2, count), toIndex);
        }
    }

    private static void Implicit(X86State* state, Op* op, bool toIndex)
    {
        if (TryOperands(state, op, out Vector128<byte> a, out Vector128<byte> b))
        {
            byte control = (byte)op->Immediate;
            Finish(state, op, control, a, b, LengthToZero(a, control), LengthToZero(b, control), toIndex);
        }
    }

    private static bool TryOperands(X86State* state, Op* op, out Vector128<byte> a, out Vector128<byte> b)
    {
        a = b = default;
        if (!VectorUnit.Passes(state, op))
        {
            return false;
        }

        a = ToXmm.Load(state, op);
        return (op->Flags & OpFlags.Memory) != 0 ? FromMemory16.TryLoad(state, op, out b) : FromXmm.TryLoad(state, op, out b);
    }

    private static int ElementCount(byte control) => (control & Words) != 0 ? 8 : 16;

    private static int Saturate(long length, int count) => length > -count && length < count ? (int)Math.Abs(length) : count;

    private static int LengthToZero(Vector128<byte> value, byte control)
    {
        uint zeros = (control & Words) != 0
            ? Vector128.Equals(value.AsUInt16(), Vector128<ushort>.Zero).ExtractMostSignificantBits()
            : Vector128.Equals(value, Vector128<byte>.Zero).ExtractMostSignificantBits();
        return Math.Min(BitOperations.TrailingZeroCount(zeros), ElementCount(control));
    }

    private static void Finish(X86State* state, Op* op, byte control, Vector128<byte> a, Vector128<byte> b, int lengthA, int lengthB, bool toIndex)
    {
        int count = ElementCount(control);
        uint all = (1u << count) - 1;
        uint result = (control & (Words | Signed)) switch
        {
            0 => Aggregate<byte>(control, a, b, lengthA, lengthB),
            Words => Aggregate<ushort>(control, a.AsUInt16(), b.AsUInt16(), lengthA, lengthB),
            Signed => Aggregate<sbyte>(control, a.AsSByte(), b.AsSByte(), lengthA, lengthB),
            _ => Aggregate<short>(control, a.AsInt16(), b.AsInt16(), lengthA, lengthB),
        };
        if ((control & Negate) != 0)
        {
            result ^= (control & NegateValidOnly) != 0 ? (1u << lengthB) - 1 : all;
        }

        if (toIndex)
        {
            int index = result == 0 ? count : (control & WideOutput) != 0 ? BitOperations.Log2(result) : BitOperations.TrailingZeroCount(result);
            state->Gpr[Rcx] = (uint)index;
        }
        else
        {
            // SAFETY: XMM0 lies within the state.
            *(Vector128<byte>*)state->Vector = (control & WideOutput) == 0 ? Vector128.CreateScalar(result).AsByte() : Expand(result, control);
            if (VectorUnit.IsVex(op))
            {
                ((Vector128<byte>*)state->Vector)[1] = Vector128<byte>.Zero;
            }
        }

        uint eflags = (result != 0 ? LazyFlags.Cf : 0)
            | (lengthB < count ? LazyFlags.Zf : 0)
            | (lengthA < count ? LazyFlags.Sf : 0)
            | ((result & 1) != 0 ? LazyFlags.Of : 0);
        state->FlagResult = LazyFlags.FromEflags(eflags, out state->FlagCarries);
    }

    /// <summary>Compares elements as the control's bits 2–3 say: one bit for each element of b.</summary>
    private static uint Aggregate<TElement>(byte control, Vector128<TElement> a, Vector128<TElement> b, int lengthA, int lengthB)
        where TElement : unmanaged
    {
        int count = Vector128<TElement>.Count;
        uint all = (1u << count) - 1;
        uint validA = (1u << lengthA) - 1;
        uint validB = (1u << lengthB) - 1;
        uint result;
        switch (control >> 2 & 3)
        {
            case 0:
                // Equal any: b's element occurs in a.
                result = 0;
                for (int i = 0; i < lengthA; i++)
                {
                    result |= Vector128.Equals(b, Vector128.Create(a.GetElement(i))).ExtractMostSignificantBits();
                }

                return result & validB;
            case 1:
                // Ranges: b's element lies between two elements of a.
                result = 0;
                for (int i = 0; i + 1 < lengthA; i += 2)
                {
                    result |= (Vector128.GreaterThanOrEqual(b, Vector128.Create(a.GetElement(i)))
                        & Vector128.LessThanOrEqual(b, Vector128.Create(a.GetElement(i + 1)))).ExtractMostSignificantBits();
                }

                return result & validB;
            case 2:
                // Equal each: elements at the same place are equal, or both behind their strings' ends.
                return (Vector128.Equals(a, b).ExtractMostSignificantBits() & validA & validB) | (all & ~validA & ~validB);
            default:
                // Equal ordered: a begins here, as far as the register reaches.
                result = all;
                for (int i = 0; i < lengthA; i++)
                {
                    uint equal = Vector128.Equals(b, Vector128.Create(a.GetElement(i))).ExtractMostSignificantBits() & validB;
                    result &= (equal >> i) | (all << (count - i));
                }

                return result;
        }
    }

    private static Vector128<byte> Expand(uint bits, byte control)
    {
        if ((control & Words) != 0)
        {
            Vector128<ushort> word = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
            return Vector128.Equals(Vector128.Create((ushort)bits) & word, word).AsByte();
        }

        Vector128<byte> bit = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        Vector128<byte> spread = Vector128.Create(Vector64.Create((byte)bits), Vector64.Create((byte)(bits >> 8)));
        return Vector128.Equals(spread & bit, bit);
    }
}
