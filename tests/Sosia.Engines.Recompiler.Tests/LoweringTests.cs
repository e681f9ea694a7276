using System;
using System.Linq;
using System.Runtime.InteropServices;
using Sosia.Isa.X86.State;
using Sosia.Jit;
using Sosia.Jit.X64;
using Sosia.Jit.X64.Lowering;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests;

/// <summary>Random intermediate code is executed as host code and must compute what the evaluator says.</summary>
public sealed unsafe class LoweringTests
{
    private const int SlotCount = 18;
    private const int StateByteCount = 4096;

    private static readonly IrOp[] Binaries =
    [
        IrOp.Add, IrOp.Subtract, IrOp.Multiply, IrOp.And, IrOp.Or, IrOp.Xor, IrOp.ShiftLeft, IrOp.ShiftRight, IrOp.ShiftRightArithmetic,
        IrOp.Equal, IrOp.LessUnsigned, IrOp.MultiplyHighUnsigned, IrOp.MultiplyHighSigned,
    ];

    private static readonly GuestLayout Layout = new()
    {
        SlotOffsets = [.. Enumerable.Range(0, SlotCount).Select(i => i * 8)],
        Pinned = [.. Enumerable.Range(0, SlotCount).Select(i => i < 9 ? (Gpr?)new[] { Gpr.R8, Gpr.R9, Gpr.R10, Gpr.Rbx, Gpr.R11, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15 }[i] : null)],
        FlagResultSlot = 16,
        FlagCarriesSlot = 17,
        FlagWords = 0,
        DataTlb = 1000,
        TlbEntryCount = 1024,
        Retired = 1008,
        RetireLimit = 1016,
        BlockRip = 1024,
        Rip = 1032,
        CurrentOperation = 1040,
        JumpCache = 1048,
        JumpCacheCount = 8,
        JumpCacheGeneration = 1056,
        SaveArea = 2048,
        OperationByteCount = 40,
        Mxcsr = 1064,
        VectorRefused = (1072, 0),
        VectorEnabled = (1072, 1),
        UpperRefused = (1072, 0),
        UpperEnabled = [(1072, 1)],
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_code_computes_what_the_evaluator_says(int seed)
    {
        using var cache = new CodeCache(1 << 20);
        var assembler = new Assembler();
        cache.TryReserve(4096, out byte* write, out byte* execute);
        assembler.Begin(write, execute, 4096);
        var thunks = new Thunks(assembler, Layout);
        cache.Commit(assembler.Position);
        var lowering = new BlockLowering(assembler, Layout, thunks);
        var random = new Random(seed);
        ulong* state = (ulong*)NativeMemory.AllocZeroed(StateByteCount);
        state[Layout.Mxcsr / 8] = 0x1f80;
        int inHostForm = 0;
        try
        {
            for (int round = 0; round < 2000; round++)
            {
                var ir = new IrBlock();
                var start = new ulong[SlotCount];
                for (int i = 0; i < SlotCount; i++)
                {
                    state[i] = start[i] = Word(random);
                }

                ulong[] expected = Build(ir, random, start);
                cache.TryReserve(1 << 16, out write, out execute);
                assembler.Begin(write, execute, 1 << 16);
                Lowered? lowered = lowering.Lower(ir, 1, 4, 0x1000, 0);
                Assert.NotNull(lowered);
                var enter = (delegate* unmanaged<ulong*, long, nint>)thunks.Enter;
                nint result = enter(state, lowered.Body);
                Assert.Equal(0, result);
                ref ulong hostFlags = ref state[(Layout.SaveArea + GuestLayout.HostFlagsOffset) / 8];
                if (hostFlags != 0)
                {
                    // As LAHF and SETO leave them.
                    uint eflags = ((uint)(hostFlags >> 8) & LazyFlags.All) | ((hostFlags & 1) != 0 ? LazyFlags.Of : 0);
                    Assert.True(LazyFlags.ToEflags(expected[16], expected[17]) == eflags, $"Round {round}: flags {eflags:x}");
                    hostFlags = 0;
                    (state[16], state[17]) = (expected[16], expected[17]);
                    inHostForm++;
                }

                for (int i = 0; i < SlotCount; i++)
                {
                    Assert.True(expected[i] == state[i], $"Round {round}, slot {i}: {state[i]:x} instead of {expected[i]:x}");
                }
            }

            Assert.InRange(inHostForm, 500, 1900);
        }
        finally
        {
            NativeMemory.Free(state);
        }
    }

    [Fact]
    public void Conditions_at_a_blocks_beginning_see_the_flags_in_either_form()
    {
        using var cache = new CodeCache(1 << 20);
        var assembler = new Assembler();
        cache.TryReserve(4096, out byte* write, out byte* execute);
        assembler.Begin(write, execute, 4096);
        var thunks = new Thunks(assembler, Layout);
        cache.Commit(assembler.Position);
        var lowering = new BlockLowering(assembler, Layout, thunks);
        ulong* state = (ulong*)NativeMemory.AllocZeroed(StateByteCount);
        state[Layout.Mxcsr / 8] = 0x1f80;
        ref ulong hostFlags = ref state[(Layout.SaveArea + GuestLayout.HostFlagsOffset) / 8];
        try
        {
            for (int condition = 0; condition < 16; condition++)
            {
                var ir = new IrBlock();
                ir.Add(IrOp.WriteSlot, 64, ir.Add(IrOp.EntryCondition, 64, auxiliary: condition, significantBits: 1), immediate: 0);
                ir.Add(IrOp.Jump, 64, immediate: 4);
                cache.TryReserve(1 << 16, out write, out execute);
                assembler.Begin(write, execute, 1 << 16);
                Lowered lowered = lowering.Lower(ir, 1, 4, 0x1000, 0)!;
                var enter = (delegate* unmanaged<ulong*, long, nint>)thunks.Enter;
                for (int bits = 0; bits < 64; bits++)
                {
                    uint eflags = (uint)(((bits & 1) * LazyFlags.Cf) | ((bits >> 1 & 1) * LazyFlags.Pf) | ((bits >> 2 & 1) * LazyFlags.Af)
                        | ((bits >> 3 & 1) * LazyFlags.Zf) | ((bits >> 4 & 1) * LazyFlags.Sf) | ((bits >> 5 & 1) * LazyFlags.Of));
                    state[16] = LazyFlags.FromEflags(eflags, out state[17]);
                    hostFlags = 0;
                    enter(state, lowered.Body);
                    ulong fromWords = state[0];
                    ulong asHostFlags = hostFlags;
                    (state[16], state[17]) = (0, 0);
                    enter(state, lowered.Body);
                    Assert.Equal((ulong)(((eflags & LazyFlags.All) | 2 | (eflags & LazyFlags.Of)) & 0xff) << 8 | (eflags & LazyFlags.Of) >> 11, asHostFlags);
                    Assert.Equal(fromWords, state[0]);
                    Assert.Equal(Holds(condition, eflags), fromWords != 0);
                }
            }
        }
        finally
        {
            NativeMemory.Free(state);
        }
    }

    // Conditions by their numbers (SDM vol. 1, appendix B).
    private static bool Holds(int condition, uint eflags)
    {
        bool Is(uint flag) => (eflags & flag) != 0;
        bool holds = (condition >> 1) switch
        {
            0 => Is(LazyFlags.Of),
            1 => Is(LazyFlags.Cf),
            2 => Is(LazyFlags.Zf),
            3 => Is(LazyFlags.Cf) || Is(LazyFlags.Zf),
            4 => Is(LazyFlags.Sf),
            5 => Is(LazyFlags.Pf),
            6 => Is(LazyFlags.Sf) != Is(LazyFlags.Of),
            _ => Is(LazyFlags.Zf) || Is(LazyFlags.Sf) != Is(LazyFlags.Of),
        };
        return holds != ((condition & 1) != 0);
    }

    [Fact]
    public void A_block_that_needs_more_values_at_a_time_than_can_be_kept_is_given_up()
    {
        using var cache = new CodeCache(1 << 20);
        var assembler = new Assembler();
        cache.TryReserve(1 << 16, out byte* write, out byte* execute);
        assembler.Begin(write, execute, 1 << 16);
        var lowering = new BlockLowering(assembler, Layout, new Thunks(assembler, Layout));
        Assert.NotNull(lowering.Lower(Keeping(20), 1, 4, 0x1000, 0));
        Assert.Null(lowering.Lower(Keeping(60), 1, 4, 0x1000, 0));
        Assert.NotNull(lowering.Lower(Keeping(20), 1, 4, 0x1000, 0));
    }

    // A block in which so many values are made before the first of them is used.
    private static IrBlock Keeping(int count)
    {
        var ir = new IrBlock();
        int value = ir.Add(IrOp.ReadSlot, 64, immediate: 0);
        var made = new int[count];
        for (int i = 0; i < count; i++)
        {
            value = made[i] = ir.Binary(IrOp.Add, value, ir.Constant((ulong)i + 1));
        }

        value = made[0];
        for (int i = 1; i < count; i++)
        {
            value = ir.Binary(IrOp.Xor, value, made[i]);
        }

        ir.EndFlagResult = value;
        ir.Add(IrOp.Jump, 64, immediate: 4);
        return ir;
    }

    // Random operations on the slots, and what the slots hold afterwards.
    private static ulong[] Build(IrBlock ir, Random random, ulong[] start)
    {
        var slots = new int[SlotCount];
        var values = new System.Collections.Generic.List<(int Value, ulong Word)>();
        var words = (ulong[])start.Clone();
        for (int i = 0; i < 16; i++)
        {
            if (random.Next(2) == 0)
            {
                values.Add((ir.Add(IrOp.ReadSlot, 64, immediate: (ulong)i), start[i]));
            }
        }

        values.Add((ir.Constant(0x1234), 0x1234));
        Array.Fill(slots, -1);
        int count = random.Next(1, 40);
        for (int i = 0; i < count; i++)
        {
            (int value, ulong word) = Make(ir, random, values[random.Next(values.Count)], values[random.Next(values.Count)], values[random.Next(values.Count)]);
            values.Add((value, word));
            if (random.Next(3) == 0)
            {
                int slot = random.Next(16);
                // What was read of a slot later must be its old value: as in the translator, nothing reads a slot after it was written.
                ir.Add(IrOp.WriteSlot, 64, value, immediate: (ulong)slot);
                words[slot] = word;
            }
        }

        (int Value, ulong Word) left = values[random.Next(values.Count)];
        (int Value, ulong Word) right = values[random.Next(values.Count)];
        int width = new[] { 8, 16, 32, 64 }[random.Next(4)];
        switch (random.Next(4))
        {
            case 0:
                // The flags of a subtraction.
                EndWithFlags(ir, words, width, IrOp.Subtract, IrOp.SubtractCarries, left, right);
                break;
            case 1:
                EndWithFlags(ir, words, width, IrOp.Add, IrOp.AddCarries, left, right);
                break;
            case 2:
                // Those of a logical operation.
                ir.EndFlagResult = ir.SignExtend(left.Value, width);
                ir.EndFlagCarries = ir.Constant(0);
                words[16] = (ulong)((long)(left.Word << (64 - width)) >> (64 - width));
                words[17] = 0;
                break;
            default:
                (ir.EndFlagResult, words[16]) = left;
                (ir.EndFlagCarries, words[17]) = right;
                break;
        }

        ir.Add(IrOp.Jump, 64, immediate: 4);
        return words;
    }

    private static void EndWithFlags(IrBlock ir, ulong[] words, int width, IrOp operation, IrOp carries, (int Value, ulong Word) left, (int Value, ulong Word) right)
    {
        ulong word = IrEvaluator.Binary(operation, left.Word, right.Word);
        int value = ir.Binary(operation, left.Value, right.Value);
        int result = width == 64 ? value : ir.ZeroExtend(value, width);
        ir.EndFlagResult = ir.SignExtend(result, width);
        ir.EndFlagCarries = ir.Add(
            carries, width, ir.WithoutExtension(left.Value, width), ir.WithoutExtension(right.Value, width), ir.WithoutExtension(result, width));
        words[16] = (ulong)((long)(word << (64 - width)) >> (64 - width));
        words[17] = IrEvaluator.Pure(ir[ir.EndFlagCarries], left.Word, right.Word, word);
    }

    private static (int Value, ulong Word) Make(IrBlock ir, Random random, (int Value, ulong Word) a, (int Value, ulong Word) b, (int Value, ulong Word) c)
    {
        int[] widths = [8, 16, 32, 64];
        int width = widths[random.Next(4)];
        int kind = random.Next(20);
        switch (kind)
        {
            case 0:
                ulong constant = Word(random);
                return (ir.Constant(constant), constant);
            case 1 when width != 64:
                return (ir.ZeroExtend(a.Value, width), a.Word & ((1UL << width) - 1));
            case 2:
                return (ir.SignExtend(a.Value, width), (ulong)((long)(a.Word << (64 - width)) >> (64 - width)));
            case 3:
                return Pure(ir, ir.Add(IrOp.Not, 64, a.Value), a, b, c);
            case 4:
                return Pure(ir, ir.Add(IrOp.Select, 64, a.Value, b.Value, c.Value), a, b, c);
            case 5:
                return Pure(ir, ir.Add(new[] { IrOp.LeadingZeros, IrOp.TrailingZeros, IrOp.PopCount, IrOp.ReverseBytes }[random.Next(4)], 64, a.Value), a, b, c);
            case 6:
                return Pure(ir, ir.Add(random.Next(2) == 0 ? IrOp.AddCarries : IrOp.SubtractCarries, width, a.Value, b.Value, c.Value), a, b, c);
            case 7:
                return Pure(ir, ir.Add(IrOp.Compare, width, a.Value, b.Value, auxiliary: random.Next(16), significantBits: 1), a, b, c);
            case 8:
                return Pure(ir, ir.Add(IrOp.Test, width, a.Value, auxiliary: random.Next(16), significantBits: 1), a, b, c);
            case 9 when width < 32:
                return Pure(ir, ir.Add(IrOp.Insert, width, a.Value, b.Value, auxiliary: width == 8 && random.Next(2) == 0 ? 8 : 0), a, b, c);
            case 10:
                // The divisor is above the dividend's high half.
                ulong divisor = b.Word | (1UL << 63);
                int c1 = ir.Binary(IrOp.Or, b.Value, ir.Constant(1UL << 63));
                int high = ir.Binary(IrOp.ShiftRight, a.Value, ir.Constant(1));
                var dividend = new UInt128(a.Word >> 1, c.Word);
                int quotient = ir.Add(IrOp.Divide, 64, high, c.Value, c1);
                int remainder = ir.Add(IrOp.Remainder, 64, quotient);
                return random.Next(2) == 0 ? (quotient, (ulong)(dividend / divisor)) : (remainder, (ulong)(dividend % divisor));
            case 12:
                // Shifts that are one rotation.
                int turn = random.Next(1, width);
                if (width < 32)
                {
                    goto default;
                }

                int whole = ir.ZeroExtend(a.Value, width);
                int rotated = ir.Binary(IrOp.Or, ir.Binary(IrOp.ShiftLeft, whole, ir.Constant((ulong)turn)), ir.Binary(IrOp.ShiftRight, whole, ir.Constant((ulong)(width - turn))));
                return width == 64
                    ? (rotated, System.Numerics.BitOperations.RotateLeft(a.Word, turn))
                    : (ir.ZeroExtend(rotated, 32), System.Numerics.BitOperations.RotateLeft((uint)a.Word, turn));
            case 11:
                ulong small = (uint)b.Word | 1;
                int half = ir.Binary(IrOp.Or, ir.ZeroExtend(b.Value, 32), ir.Constant(1));
                return (ir.Add(IrOp.Divide, 64, ir.Constant(0), a.Value, half), a.Word / small);
            default:
                IrOp op = Binaries[random.Next(Binaries.Length)];
                ulong word = IrEvaluator.Binary(op, a.Word, b.Word);
                int value = ir.Binary(op, a.Value, b.Value);
                return random.Next(4) == 0 ? (ir.ZeroExtend(value, 32), (uint)word) : (value, word);
        }
    }

    private static (int Value, ulong Word) Pure(IrBlock ir, int value, (int Value, ulong Word) a, (int Value, ulong Word) b, (int Value, ulong Word) c)
        => (value, IrEvaluator.Pure(ir[value], a.Word, b.Word, c.Word));

    private static ulong Word(Random random) => random.Next(5) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => (ulong)random.Next(256),
        2 => ulong.MaxValue << random.Next(64),
        3 => 1UL << random.Next(64),
        _ => (ulong)random.NextInt64() ^ 0x8000_0000_8000_8080,
    };
}
