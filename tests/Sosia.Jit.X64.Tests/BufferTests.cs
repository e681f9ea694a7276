using System;
using Xunit;

namespace Sosia.Jit.X64.Tests;

public sealed unsafe class BufferTests
{
    private const int Size = 256;
    private const byte Canary = 0xA5;

    private readonly byte[] _memory = GC.AllocateUninitializedArray<byte>(3 * Size, pinned: true);
    private readonly Assembler _assembler = new();

    [Fact]
    public void A_full_buffer_stops_the_writing_and_nothing_beyond_it_changes()
    {
        for (int size = 0; size <= 64; size++)
        {
            Begin(size);
            WriteOneOfEach(8);
            Assert.True(_assembler.Overflowed);
            Assert.InRange(_assembler.Position, 0, size);
            Assert.All(_memory[..Size], value => Assert.Equal(Canary, value));
            Assert.All(_memory[(Size + size)..], value => Assert.Equal(Canary, value));
        }
    }

    [Fact]
    public void What_was_written_before_the_overflow_is_intact()
    {
        Begin(Size);
        WriteOneOfEach(1);
        int position = _assembler.Position;
        byte[] whole = _memory[Size..(Size + position)];
        Begin(position + Assembler.InstructionRoomByteCount);
        WriteOneOfEach(1);
        Assert.False(_assembler.Overflowed);
        WriteOneOfEach(4);
        Assert.True(_assembler.Overflowed);
        Assert.Equal(whole, _memory[Size..(Size + position)]);
    }

    [Fact]
    public void The_position_stands_still_after_an_overflow_even_for_shorter_instructions()
    {
        Begin(Assembler.InstructionRoomByteCount + 9);
        _assembler.MovImmediate(Gpr.Rax, long.MaxValue);
        _assembler.MovImmediate(Gpr.Rax, long.MaxValue);
        Assert.True(_assembler.Overflowed);
        Assert.Equal(10, _assembler.Position);
        _assembler.Ret();
        _assembler.Emit([1]);
        _assembler.Nop(3);
        Assert.Equal(10, _assembler.Position);
        Assert.Equal(Canary, _memory[Size + 10]);
    }

    [Fact]
    public void Data_fill_the_buffer_to_its_last_byte()
    {
        Begin(24);
        _assembler.EmitInt64(0x0807060504030201);
        _assembler.EmitInt64(-1);
        _assembler.Emit([1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.False(_assembler.Overflowed);
        Assert.Equal(24, _assembler.Position);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], _memory[Size..(Size + 8)]);
        _assembler.Emit([1]);
        Assert.True(_assembler.Overflowed);
        Assert.Equal(Canary, _memory[Size + 24]);
    }

    [Fact]
    public void Begin_starts_afresh_after_an_overflow()
    {
        Begin(16);
        WriteOneOfEach(1);
        Assert.True(_assembler.Overflowed);
        Begin(Size);
        Assert.False(_assembler.Overflowed);
        Assert.Equal(0, _assembler.Position);
        _assembler.Ret();
        Assert.Equal(0xC3, _memory[Size]);
        Assert.Equal(1, _assembler.Position);
        Assert.Equal(0x4000_0001, _assembler.ExecuteAddress(1));
    }

    [Fact]
    public void Nothing_is_allocated_per_instruction()
    {
        Begin(Size);
        WriteOneOfEach(2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Begin(Size);
            WriteOneOfEach(4);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private void Begin(int byteCount)
    {
        Array.Fill(_memory, Canary);
        fixed (byte* start = _memory)
        {
            // SAFETY: the array is pinned for its whole life.
            _assembler.Begin(start + Size, (byte*)0x4000_0000, byteCount);
        }
    }

    // Every way of writing: plain, ModRM, immediate, memory, VEX, labels in both directions, padding.
    private void WriteOneOfEach(int times)
    {
        for (int i = 0; i < times; i++)
        {
            Label top = _assembler.NewLabel();
            Label bottom = _assembler.NewLabel();
            _assembler.Bind(top);
            _assembler.Jcc(Condition.Zero, bottom);
            _assembler.JccShort(Condition.Below, bottom);
            _assembler.Alu(AluOperation.Add, 64, new Mem(Gpr.Rax, Gpr.R9, 4, 0x12345678), 0x12345678);
            _assembler.Mov(16, new Mem(Gpr.R12, 5), 1);
            _assembler.Alu(AluOperation.Cmp, 64, Mem.Rip(0x4000_1000), 5);
            _assembler.MovImmediate(Gpr.R10, long.MinValue);
            _assembler.Bmi(BmiOperation.Andn, 64, Gpr.Rax, Gpr.Rcx, new Mem(Gpr.Rdx));
            _assembler.Sse(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x0F, Xmm.Xmm9, new Mem(Gpr.Rsp, 4), 3);
            _assembler.Lea(Gpr.R8, bottom);
            _assembler.JmpPatchable(top);
            _assembler.Jmp(top);
            _assembler.Call(0x4000_2000L);
            _assembler.Bind(bottom);
            _assembler.Ret();
        }
    }
}
