using System;
using Sosia.Jit.X64.Tests.Oracle;
using Xunit;
using static Sosia.Jit.X64.Tests.Oracle.Operands;

namespace Sosia.Jit.X64.Tests;

public sealed class ControlFlowEncodingTests
{
    private readonly Listing _listing = new();

    [Fact]
    public void Indirect_jumps_and_calls()
    {
        foreach (Gpr register in AllGprs)
        {
            _listing.Expect($"jmp {Name(register)}", a => a.Jmp(register));
            _listing.Expect($"call {Name(register)}", a => a.Call(register));
        }

        foreach (MemoryCase memory in AllMemory())
        {
            _listing.Expect($"jmp {memory.Sized(64)}", a => a.Jmp(memory.Mem));
            _listing.Expect($"call {memory.Sized(64)}", a => a.Call(memory.Mem));
        }

        _listing.Check();
    }

    [Fact]
    public void Instructions_without_operands()
    {
        _listing.Expect("ret", a => a.Ret());
        _listing.Expect("int3", a => a.Int3());
        _listing.Expect("ud2", a => a.Ud2());
        _listing.Expect("pause", a => a.Pause());
        _listing.Expect("mfence", a => a.Mfence());
        _listing.Expect("lfence", a => a.Lfence());
        _listing.Expect("sfence", a => a.Sfence());
        _listing.Check();
    }

    [Fact]
    public void Nops_fill_any_number_of_bytes_with_few_instructions()
    {
        string[] forms =
        [
            "nop",
            "xchg ax,ax",
            "nop DWORD PTR [rax]",
            "nop DWORD PTR [rax+0x0]",
            "nop DWORD PTR [rax+rax*1+0x0]",
            "nop WORD PTR [rax+rax*1+0x0]",
            "nop DWORD PTR [rax+0x0]",
            "nop DWORD PTR [rax+rax*1+0x0]",
            "nop WORD PTR [rax+rax*1+0x0]",
        ];
        for (int i = 0; i < forms.Length; i++)
        {
            int before = _listing.Assembler.Position;
            _listing.ExpectHere(forms[i], a => a.Nop(i + 1));
            Assert.Equal(before + i + 1, _listing.Assembler.Position);
        }

        // 20 = 9 + 9 + 2.
        _listing.ExpectHere(forms[8], a => a.Nop(9));
        _listing.ExpectHere(forms[8], a => a.Nop(9));
        _listing.ExpectHere(forms[1], a => a.Nop(2));
        _listing.Check();

        Listing whole = new();
        whole.Assembler.Nop(20);
        Assert.Equal(20, whole.Assembler.Position);
    }

    [Fact]
    public void Direct_jumps_and_calls_to_addresses()
    {
        const long Near = Listing.Origin + 0x20;
        const long Far = Listing.Origin + 0x4000_0000;
        const long Low = 0x1000;
        foreach (long target in new[] { Near, Far, Low, Listing.Origin })
        {
            _listing.ExpectHere($"jmp 0x{target:x}", a => a.Jmp(target));
            _listing.ExpectHere($"call 0x{target:x}", a => a.Call(target));
            for (Condition condition = Condition.Overflow; condition <= Condition.Greater; condition++)
            {
                Condition when = condition;
                _listing.ExpectHere($"j{Suffix(when)} 0x{target:x}", a => a.Jcc(when, target));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void A_call_out_of_reach_goes_through_the_scratch_register()
    {
        const long Unreachable = Listing.Origin + 0x1_0000_0000;
        Assert.False(_listing.Assembler.CanReach(Unreachable));
        Assert.Throws<ArgumentOutOfRangeException>(() => _listing.Assembler.Call(Unreachable));
        _listing.ExpectHere("call 0x10000100", a => a.Call(0x1000_0100, Gpr.R11));
        int start = _listing.Assembler.Position;
        _listing.Assembler.Call(Unreachable, Gpr.R11);
        int end = _listing.Assembler.Position;

        Listing expected = new();
        expected.Expect("movabs r11,0x110000000", a => a.MovImmediate(Gpr.R11, Unreachable));
        expected.Expect("call r11", a => a.Call(Gpr.R11));
        expected.Check();
        Assert.Equal(expected.Assembler.Position, end - start);
    }

    [Fact]
    public void Rip_relative_operands_count_the_immediate_that_follows()
    {
        const long Target = Listing.Origin + 0x123450;
        const string Where = "[rip] # 0x10123450";
        Mem memory = Mem.Rip(Target);
        _listing.ExpectHere($"mov rax,QWORD PTR {Where}", a => a.Mov(64, Gpr.Rax, memory));
        _listing.ExpectHere($"mov BYTE PTR {Where}".Replace("[rip]", "[rip],r15b", StringComparison.Ordinal), a => a.Mov(8, memory, Gpr.R15));
        _listing.ExpectHere("mov WORD PTR [rip],0x1234 # 0x10123450", a => a.Mov(16, memory, 0x1234));
        _listing.ExpectHere("mov QWORD PTR [rip],0x12345678 # 0x10123450", a => a.Mov(64, memory, 0x12345678));
        _listing.ExpectHere("cmp DWORD PTR [rip],0x5 # 0x10123450", a => a.Alu(AluOperation.Cmp, 32, memory, 5));
        _listing.ExpectHere("cmp DWORD PTR [rip],0x500 # 0x10123450", a => a.Alu(AluOperation.Cmp, 32, memory, 0x500));
        _listing.ExpectHere("shl QWORD PTR [rip],1 # 0x10123450", a => a.Shift(ShiftOperation.Shl, 64, memory, 1));
        _listing.ExpectHere("shl QWORD PTR [rip],0x9 # 0x10123450", a => a.Shift(ShiftOperation.Shl, 64, memory, 9));
        _listing.ExpectHere($"rorx rcx,QWORD PTR [rip],0x9 # 0x10123450", a => a.Rorx(64, Gpr.Rcx, memory, 9));
        _listing.ExpectHere($"shlx r9,QWORD PTR [rip],r10 # 0x10123450", a => a.BmiShift(BmiShiftOperation.Shlx, 64, Gpr.R9, memory, Gpr.R10));
        _listing.ExpectHere($"palignr xmm9,XMMWORD PTR [rip],0x3 # 0x10123450", a => a.Sse(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x0F, Xmm.Xmm9, memory, 3));
        _listing.ExpectHere(
            $"vpalignr ymm9,ymm8,YMMWORD PTR [rip],0x3 # 0x10123450",
            a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x0F, 256, Xmm.Xmm9, Xmm.Xmm8, memory, 3));
        _listing.ExpectHere($"call QWORD PTR {Where}", a => a.Call(memory));
        _listing.ExpectHere($"lea r14,{Where}", a => a.Lea(64, Gpr.R14, memory));
        _listing.Check();
        Assert.Throws<ArgumentOutOfRangeException>(() => _listing.Assembler.Mov(64, Gpr.Rax, Mem.Rip(Listing.Origin - 0x8000_0000L)));
    }

    [Fact]
    public void Labels_forward_and_backward()
    {
        Label top = _listing.Assembler.NewLabel();
        Label bottom = _listing.Assembler.NewLabel();
        _listing.Assembler.Bind(top);
        _listing.ExpectHere("je 0x10000020", a => a.Jcc(Condition.Zero, bottom));
        _listing.ExpectHere("jmp 0x10000020", a => a.Jmp(bottom));
        _listing.ExpectHere("call 0x10000020", a => a.Call(bottom));
        _listing.ExpectHere("lea r12,[rip] # 0x10000020", a => a.Lea(Gpr.R12, bottom));
        _listing.ExpectHere("jg 0x10000000", a => a.Jcc(Condition.Greater, top));
        _listing.ExpectHere("jmp 0x10000000", a => a.Jmp(top));
        _listing.ExpectHere("call 0x10000000", a => a.Call(top));
        Assert.Equal(0x20, _listing.Assembler.Position);
        _listing.Assembler.Bind(bottom);
        _listing.ExpectHere("lea rcx,[rip] # 0x10000000", a => a.Lea(Gpr.Rcx, top));
        _listing.Check();
    }

    [Theory]
    [InlineData(126, 2)]
    [InlineData(127, 5)]
    public void A_backward_jump_is_short_as_far_as_a_byte_reaches(int between, int length)
    {
        Assembler assembler = _listing.Assembler;
        Label top = assembler.NewLabel();
        assembler.Bind(top);
        assembler.Emit(new byte[between]);
        assembler.Jmp(top);
        Assert.Equal(between + length, assembler.Position);
    }

    [Fact]
    public void Short_forward_jumps_take_two_bytes()
    {
        Label end = _listing.Assembler.NewLabel();
        Label other = _listing.Assembler.NewLabel();
        _listing.ExpectHere("jne 0x1000000f", a => a.JccShort(Condition.NotZero, end));
        _listing.ExpectHere("jmp 0x1000000d", a => a.JmpShort(other));
        _listing.ExpectHere("jb 0x1000000f", a => a.JccShort(Condition.Below, end));
        _listing.ExpectHere("jmp 0x1000000f", a => a.Jmp(end));
        _listing.ExpectHere("jmp 0x1000000f", a => a.JmpShort(end));
        _listing.Assembler.Bind(other);
        _listing.ExpectHere("jmp 0x1000000d", a => a.JmpShort(other));
        _listing.Assembler.Bind(end);
        _listing.ExpectHere("ret", a => a.Ret());
        _listing.Check();
    }

    [Fact]
    public void A_short_jump_that_does_not_reach_is_refused()
    {
        Assembler assembler = _listing.Assembler;
        Label end = assembler.NewLabel();
        assembler.JmpShort(end);
        assembler.Emit(new byte[128]);
        Assert.Throws<InvalidOperationException>(() => assembler.JmpShort(end));
        Assert.Throws<InvalidOperationException>(() => assembler.Bind(end));
    }

    [Fact]
    public void Labels_are_bound_once_and_belong_to_their_code()
    {
        Assembler assembler = _listing.Assembler;
        Label label = assembler.NewLabel();
        assembler.Bind(label);
        Assert.Throws<InvalidOperationException>(() => assembler.Bind(label));
        Assert.Throws<ArgumentException>(() => assembler.Jmp(default(Label)));
    }

    [Fact]
    public void Many_labels_with_many_jumps_each()
    {
        const int Count = 1000;
        Assembler assembler = _listing.Assembler;
        Label[] labels = new Label[Count];
        for (int i = 0; i < Count; i++)
        {
            labels[i] = assembler.NewLabel();
        }

        // Three near jumps (5 bytes) to each label, in three sweeps, then one RET at each.
        const int Jumps = 3 * Count;
        for (int i = 0; i < Jumps; i++)
        {
            long target = Listing.Origin + (Jumps * 5) + (i % Count);
            Label label = labels[i % Count];
            _listing.ExpectHere($"jmp 0x{target:x}", a => a.Jmp(label));
        }

        foreach (Label label in labels)
        {
            assembler.Bind(label);
            _listing.Expect("ret", a => a.Ret());
        }

        _listing.Check();
    }

    [Fact]
    public void Patchable_jumps_have_an_aligned_field()
    {
        for (int offset = 0; offset < 8; offset++)
        {
            Listing listing = new();
            Assembler assembler = listing.Assembler;
            Label label = assembler.NewLabel();
            assembler.Emit(new byte[offset]);
            foreach (int field in new[]
            {
                assembler.JmpPatchable(Listing.Origin),
                assembler.JccPatchable(Condition.Sign, Listing.Origin),
                assembler.JmpPatchable(label),
                assembler.JccPatchable(Condition.Parity, label),
            })
            {
                Assert.Equal(0, assembler.ExecuteAddress(field) & 3);
            }

            assembler.Align(16);
            Assert.Equal(0, assembler.Position & 15);
            assembler.Bind(label);
        }

        int jmp = 0;
        int jcc = 0;
        _listing.ExpectHere("ret", a => a.Ret());
        _listing.ExpectHere("xchg ax,ax", a => a.Nop(2));
        _listing.ExpectHere("jmp 0x10000000", a => jmp = a.JmpPatchable(Listing.Origin));
        _listing.ExpectHere("nop DWORD PTR [rax+rax*1+0x0]", a => a.Align(16));
        _listing.ExpectHere("xchg ax,ax", a => a.Nop(2));
        _listing.ExpectHere("js 0x10000000", a => jcc = a.JccPatchable(Condition.Sign, Listing.Origin));
        Assert.Equal(4, jmp);
        Assert.Equal(20, jcc);
        _listing.Check();
    }
}
