using System;
using System.Runtime.InteropServices;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;
using Sosia.Isa.X86.Translation;
using Sosia.Jit;
using Xunit;

namespace Sosia.Isa.X86.Tests.Semantics;

/// <summary>The meaning of an instruction, done at once and recorded for the recompiler, gives the same registers and flags: every recordable row.</summary>
public sealed unsafe class OneMeaningTests : IDisposable
{
    private const int RoundsPerForm = 60;

    private readonly EmulatedCpu _cpu = new(0, 1 << 20);
    private readonly BlockTranslator _translator = new();
    private readonly Block* _block = (Block*)NativeMemory.AllocZeroed((nuint)(sizeof(Block) + (3 * sizeof(Op))));

    public void Dispose()
    {
        NativeMemory.Free(_block);
        _cpu.Dispose();
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void Interpreting_and_recording_agree_on_every_recordable_row_and_width(int codeBits)
    {
        _cpu.SetMode(codeBits);
        var random = new Random(1);
        var generator = new InstructionGenerator(random, 0x1000);
        int rows = 0;
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.Binding.Emit == null || (row.Flags & RowFlags.EndsBlock) != 0)
            {
                continue;
            }

            int compared = 0;
            for (int bits = 16; bits <= codeBits; bits *= 2)
            {
                for (int round = 0; round < RoundsPerForm; round++)
                {
                    compared += generator.Make(row, codeBits, bits, memory: false, 0) is { Decoded.IsMemory: false } instruction && Compare(instruction, random) ? 1 : 0;
                }
            }

            rows += compared > 0 ? 1 : 0;
        }

        // The arithmetic of both operand orders, shifts, bits, conditions, multiplication and division.
        Assert.InRange(rows, 150, int.MaxValue);
    }

    [Fact]
    public void A_condition_after_sbb_counts_the_borrow()
    {
        _cpu.SetMode(64);
        X86State* state = _cpu.State;
        ulong[] words = [0, 1, ulong.MaxValue, long.MaxValue, 1UL << 63];
        for (int condition = 0; condition < 16; condition++)
        {
            // sbb rax, rbx; setcc cl
            byte[] code = [0x48, 0x19, 0xd8, 0x0f, (byte)(0x90 + condition), 0xc1];
            var ops = (Op*)(_block + 1);
            Decoder.Decode(code, 64, out DecodedInstruction sbb);
            Lowering.Lower(sbb, ops, 0, 0);
            Decoder.Decode(code.AsSpan(3), 64, out DecodedInstruction setcc);
            Lowering.Lower(setcc, ops + 1, 3, 1);
            ops[2] = new Op { RipOffset = (ushort)code.Length };
            _block->Count = 2;
            _block->Mode = CodeMode.Bits64;
            _translator.Translate(_block, code);
            Assert.Equal(0, _translator.CallCount);
            foreach (ulong a in words)
            {
                foreach (ulong b in words)
                {
                    (state->Gpr[0], state->Gpr[3], state->Gpr[1]) = (a, b, 0);
                    _cpu.Cpu.Rflags = LazyFlags.Cf;
                    X86State before = *state;
                    ops->Handler(state, ops);
                    ops[1].Handler(state, ops + 1);
                    ulong interpreted = state->Gpr[1];
                    *state = before;
                    RecordedBlock.Run(_translator.Ir, state);
                    Assert.True(interpreted == state->Gpr[1], $"condition {condition} after {a:x} - {b:x} - 1: {interpreted:x} interpreted, {state->Gpr[1]:x} recorded");
                }
            }
        }
    }

    private static bool AccessesMemory(IrBlock ir)
    {
        for (int i = 0; i < ir.Count; i++)
        {
            if (ir[i].Op is IrOp.GuestLoad or IrOp.GuestStore or IrOp.GuestReadable or IrOp.GuestWritable)
            {
                return true;
            }
        }

        return false;
    }

    // False when the instruction has no recordable form, or works on memory by itself.
    private bool Compare(GeneratedInstruction instruction, Random random)
    {
        var ops = (Op*)(_block + 1);
        Lowering.Lower(instruction.Decoded, ops, 0, 0);
        ops[1] = new Op { RipOffset = (ushort)instruction.Bytes.Length };
        _block->Count = 1;
        _block->Mode = _cpu.State->CodeMode;
        _translator.Translate(_block, instruction.Bytes);
        if (_translator.CallCount != 0 || AccessesMemory(_translator.Ir))
        {
            return false;
        }

        X86State* state = _cpu.State;
        for (int r = 0; r < 16; r++)
        {
            // Small and extreme values now and then: equality, zero and carries across the width must occur.
            state->Gpr[r] = random.Next(4) switch { 0 => (ulong)random.Next(3), 1 => ulong.MaxValue - (ulong)random.Next(3), _ => (ulong)random.NextInt64() };
        }

        _cpu.Cpu.Rflags = (ulong)random.Next() & LazyFlags.All;
        state->Exit = BlockExit.None;
        X86State before = *state;
        state->CurrentOp = ops;
        bool completed = ops->Handler(state, ops) != null;
        X86State interpreted = *state;
        *state = before;
        Assert.True(RecordedBlock.Run(_translator.Ir, state) == completed, $"{instruction}: fault");
        for (int r = 0; r < 16; r++)
        {
            Assert.True(interpreted.Gpr[r] == state->Gpr[r], $"{instruction}: register {r}: {interpreted.Gpr[r]:x} interpreted, {state->Gpr[r]:x} recorded");
        }

        Assert.True(LazyFlags.ToEflags(interpreted.FlagResult, interpreted.FlagCarries) == LazyFlags.ToEflags(state->FlagResult, state->FlagCarries), $"{instruction}: flags");
        return true;
    }
}
