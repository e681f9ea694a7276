using System;
using System.Collections.Generic;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.Efficiency;

/// <summary>The programs whose time is compared with the host's.</summary>
internal static class ComputeKernels
{
    private const byte SquareRoot = 0x51;
    private const byte Add = 0x58;
    private const byte Multiply = 0x59;
    private const byte Subtract = 0x5c;
    private const byte Divide = 0x5e;
    private const int SieveByteCount = 32 << 10;
    private const int SieveRoot = 181;
    private const int CopyByteCount = 64 << 10;
    private const int FibonacciOf = 15;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ComputeKernel> All { get; } =
    [
        new("integer", "shifts and exclusive ors of one register (xorshift): no memory, no branch but the loop's", XorShift, static a => a.MovImmediate(Gpr.Rax, 88172645463325252)),
        new("branches", "a branch on a bit of a random number, which no predictor knows", Branch, static a =>
        {
            a.MovImmediate(Gpr.R8, 0x5851_f42d_4c95_7f2d);
            a.MovImmediate(Gpr.Rdx, 1);
        }),
        new("calls", $"the Fibonacci number of {FibonacciOf} by recursion: calls, returns, stack", Fibonacci),
        new("memory", $"the sieve of Eratosthenes over {SieveByteCount >> 10} KiB: single bytes at strides", Sieve),
        new("copy", $"{CopyByteCount >> 10} KiB from one place to another, 16 bytes at a time", Copy),
        new("floating point", "multiplication, subtraction, square root and division of doubles (SSE2), each waiting for the last", Logistic, LoadConstants, static a => a.MovVector(64, Gpr.Rax, (Xmm)0)),
    ];

    private static void XorShift(Assembler a)
    {
        foreach ((ShiftOperation shift, int count) in (ReadOnlySpan<(ShiftOperation, int)>)[(ShiftOperation.Shl, 13), (ShiftOperation.Shr, 7), (ShiftOperation.Shl, 17)])
        {
            a.Mov(64, Gpr.Rcx, Gpr.Rax);
            a.Shift(shift, 64, Gpr.Rcx, count);
            a.Alu(AluOperation.Xor, 64, Gpr.Rax, Gpr.Rcx);
        }
    }

    private static void Branch(Assembler a)
    {
        Label other = a.NewLabel();
        Label join = a.NewLabel();
        a.Imul(64, Gpr.Rdx, Gpr.R8);
        a.Unary(UnaryOperation.Inc, 64, Gpr.Rdx);
        a.Bit(BitOperation.Bt, 64, Gpr.Rdx, 47);
        a.Jcc(Condition.Below, other);
        a.Alu(AluOperation.Add, 64, Gpr.Rax, 7);
        a.Jmp(join);
        a.Bind(other);
        a.Alu(AluOperation.Xor, 64, Gpr.Rax, Gpr.Rdx);
        a.Bind(join);
    }

    private static void Fibonacci(Assembler a)
    {
        Label function = a.NewLabel();
        Label small = a.NewLabel();
        Label over = a.NewLabel();
        // RAX += function(n in ECX), which returns in EDX.
        a.MovImmediate(Gpr.Rcx, FibonacciOf);
        a.Call(function);
        a.Alu(AluOperation.Add, 64, Gpr.Rax, Gpr.Rdx);
        a.Jmp(over);
        a.Bind(function);
        a.Alu(AluOperation.Cmp, 32, Gpr.Rcx, 2);
        a.Jcc(Condition.Below, small);
        a.Push(Gpr.Rcx);
        a.Unary(UnaryOperation.Dec, 32, Gpr.Rcx);
        a.Call(function);
        a.Pop(Gpr.Rcx);
        a.Push(Gpr.Rdx);
        a.Alu(AluOperation.Sub, 32, Gpr.Rcx, 2);
        a.Call(function);
        a.Pop(Gpr.Rcx);
        a.Alu(AluOperation.Add, 32, Gpr.Rdx, Gpr.Rcx);
        a.Ret();
        a.Bind(small);
        a.Mov(32, Gpr.Rdx, Gpr.Rcx);
        a.Ret();
        a.Bind(over);
    }

    private static void Sieve(Assembler a)
    {
        Label clear = a.NewLabel();
        Label number = a.NewLabel();
        Label strike = a.NewLabel();
        Label next = a.NewLabel();
        Label count = a.NewLabel();
        // Clear the table, from its end.
        a.MovImmediate(Gpr.Rcx, SieveByteCount);
        a.Bind(clear);
        a.Mov(64, new Mem(Gpr.Rdi, Gpr.Rcx, 1, -8), 0);
        a.Alu(AluOperation.Sub, 64, Gpr.Rcx, 8);
        a.Jcc(Condition.NotZero, clear);
        // Strike the multiples of every number that is not struck.
        a.MovImmediate(Gpr.Rcx, 2);
        a.Bind(number);
        a.Alu(AluOperation.Cmp, 8, new Mem(Gpr.Rdi, Gpr.Rcx), 0);
        a.Jcc(Condition.NotZero, next);
        a.Lea(64, Gpr.Rdx, new Mem(Gpr.Rcx, Gpr.Rcx));
        a.Bind(strike);
        a.Mov(8, new Mem(Gpr.Rdi, Gpr.Rdx), 1);
        a.Alu(AluOperation.Add, 64, Gpr.Rdx, Gpr.Rcx);
        a.Alu(AluOperation.Cmp, 64, Gpr.Rdx, SieveByteCount);
        a.Jcc(Condition.Below, strike);
        a.Bind(next);
        a.Unary(UnaryOperation.Inc, 64, Gpr.Rcx);
        a.Alu(AluOperation.Cmp, 64, Gpr.Rcx, SieveRoot + 1);
        a.Jcc(Condition.Below, number);
        // Count what was struck.
        a.MovImmediate(Gpr.Rcx, SieveByteCount);
        a.Bind(count);
        a.Movzx(32, Gpr.Rdx, 8, new Mem(Gpr.Rdi, Gpr.Rcx, 1, -1));
        a.Alu(AluOperation.Add, 64, Gpr.Rax, Gpr.Rdx);
        a.Unary(UnaryOperation.Dec, 64, Gpr.Rcx);
        a.Jcc(Condition.NotZero, count);
    }

    private static void Copy(Assembler a)
    {
        Label turn = a.NewLabel();
        a.MovImmediate(Gpr.Rcx, CopyByteCount);
        a.Mov(64, new Mem(Gpr.Rdi, 0x80), Gpr.Rsi);
        a.Bind(turn);
        foreach (int offset in (ReadOnlySpan<int>)[-16, -32, -48, -64])
        {
            a.MovVector(VectorMoveOperation.Movups, (Xmm)0, new Mem(Gpr.Rdi, Gpr.Rcx, 1, offset));
            a.MovVector(VectorMoveOperation.Movups, new Mem(Gpr.Rdi, Gpr.Rcx, 1, CopyByteCount + offset), (Xmm)0);
        }

        a.Alu(AluOperation.Sub, 64, Gpr.Rcx, 64);
        a.Jcc(Condition.NotZero, turn);
        a.Alu(AluOperation.Add, 64, Gpr.Rax, new Mem(Gpr.Rdi, CopyByteCount + 0x80));
    }

    private static void LoadConstants(Assembler a)
    {
        foreach ((int register, double value) in (ReadOnlySpan<(int, double)>)[(0, 0.4), (1, 3.7), (2, 1.0)])
        {
            a.MovImmediate(Gpr.Rcx, BitConverter.DoubleToInt64Bits(value));
            a.MovVector(64, (Xmm)register, Gpr.Rcx);
        }
    }

    // x = 3.7 x (1 - x), then x = sqrt(x) / (1 + x), which stays between 0 and 1.
    private static void Logistic(Assembler a)
    {
        a.MovVector(VectorMoveOperation.Movaps, (Xmm)3, (Xmm)2);
        a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, Subtract, (Xmm)3, (Xmm)0);
        a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, Multiply, (Xmm)0, (Xmm)1);
        a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, Multiply, (Xmm)0, (Xmm)3);
        a.MovVector(VectorMoveOperation.Movaps, (Xmm)3, (Xmm)2);
        a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, Add, (Xmm)3, (Xmm)0);
        a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, SquareRoot, (Xmm)0, (Xmm)0);
        a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, Divide, (Xmm)0, (Xmm)3);
    }
}
