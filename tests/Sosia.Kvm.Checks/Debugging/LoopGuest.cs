using System;
using Sosia.Control.Properties;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Kvm.Checks.Debugging;

/// <summary>A guest that counts in RAX and writes the count down each time, in ring 0 or in ring 3; with the addresses of its instructions.</summary>
internal sealed class LoopGuest : IDisposable
{
    /// <summary>How often it goes round.</summary>
    public const ulong Rounds = 3;

    /// <summary>Where it writes the count: 8 bytes.</summary>
    public const uint CountAt = BareGuest.UserData;

    /// <summary>Builds it.</summary>
    /// <param name="engine">What runs it; disposed of with it.</param>
    /// <param name="isUser">True for ring 3.</param>
    public LoopGuest(IEngine engine, bool isUser)
    {
        Guest = new BareGuest(engine, kernel: isUser ? null : Emit, user: isUser ? Emit : null);
    }

    /// <summary>The guest.</summary>
    public BareGuest Guest { get; }

    /// <summary>Linear address of the instruction that counts.</summary>
    public ulong Counting { get; private set; }

    /// <summary>Linear address of the instruction that writes the count.</summary>
    public ulong Writing { get; private set; }

    /// <summary>Linear address of the instruction behind it, which reads the count.</summary>
    public ulong Reading { get; private set; }

    /// <summary>Linear address of the instruction behind that.</summary>
    public ulong Comparing { get; private set; }

    /// <summary>Executes everything before the loop, by the interpreter.</summary>
    public void RunToLoop()
    {
        while (Guest.Machine.ReadRegister("rip") != Counting)
        {
            Guest.Machine.Step(1);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Guest.Dispose();

    private void Emit(Assembler assembler)
    {
        ulong Here() => (ulong)assembler.ExecuteAddress(assembler.Position);

        // An exception ends the program.
        Label end = assembler.NewLabel();
        assembler.Lea(Gpr.R15, end);
        assembler.MovImmediate(Gpr.Rax, 0);
        Label again = assembler.NewLabel();
        assembler.Bind(again);
        Counting = Here();
        assembler.Unary(UnaryOperation.Inc, 64, Gpr.Rax);
        Writing = Here();
        assembler.Mov(64, Mem.Absolute((int)CountAt), Gpr.Rax);
        Reading = Here();
        assembler.Mov(64, Gpr.Rcx, Mem.Absolute((int)CountAt));
        Comparing = Here();
        assembler.Alu(AluOperation.Cmp, 64, Gpr.Rax, (int)Rounds);
        assembler.Jcc(Condition.NotZero, again);
        assembler.Bind(end);
        BareGuest.End(assembler);
    }
}
