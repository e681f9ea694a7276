using System;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.Efficiency;

/// <summary>
/// A short piece of 64-bit machine code that is executed by the host's processor and by the guest's, byte for byte the same. It is called with the address of 2 MiB of
/// memory in RDI and the number of rounds in RSI, returns a sum in RAX, and changes no register that a callee must keep (System V ABI for x86-64, 3.2.1).
/// </summary>
internal sealed unsafe class ComputeKernel
{
    /// <summary>The memory that it may use, in bytes.</summary>
    public const int BufferByteCount = 2 << 20;

    private const int MaxByteCount = 1024;

    /// <summary>Assembles it.</summary>
    /// <param name="name">A short name.</param>
    /// <param name="description">What it does, for people.</param>
    /// <param name="round">Emits what each round does; RSI must keep its value, and RDI the buffer's address.</param>
    /// <param name="begin">Emits what comes before the first round; null for nothing.</param>
    /// <param name="end">Emits what puts the sum into RAX; null when it is there.</param>
    public ComputeKernel(string name, string description, Action<Assembler> round, Action<Assembler>? begin = null, Action<Assembler>? end = null)
    {
        Name = name;
        Description = description;
        byte[] bytes = new byte[MaxByteCount];
        var assembler = new Assembler();
        // SAFETY: the assembler writes no more than the array's length.
        fixed (byte* start = bytes)
        {
            assembler.Begin(start, null, bytes.Length);
            Label turn = assembler.NewLabel();
            Label done = assembler.NewLabel();
            assembler.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rax);
            begin?.Invoke(assembler);
            assembler.Test(64, Gpr.Rsi, Gpr.Rsi);
            assembler.Jcc(Condition.Zero, done);
            assembler.Bind(turn);
            round(assembler);
            assembler.Unary(UnaryOperation.Dec, 64, Gpr.Rsi);
            assembler.Jcc(Condition.NotZero, turn);
            assembler.Bind(done);
            end?.Invoke(assembler);
            assembler.Ret();
        }

        Code = bytes[..assembler.Position];
    }

    /// <summary>A short name.</summary>
    public string Name { get; }

    /// <summary>What it does, for people.</summary>
    public string Description { get; }

    /// <summary>The machine code; it can stand anywhere.</summary>
    public byte[] Code { get; }
}
