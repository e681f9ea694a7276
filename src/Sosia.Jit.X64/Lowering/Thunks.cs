namespace Sosia.Jit.X64.Lowering;

/// <summary>
/// The code that blocks share: the way in, the ways out, and the call of an operation's handler. While translated code runs, RBP holds the state
/// and the pinned registers hold the guest's.
/// </summary>
public sealed class Thunks
{
    /// <summary>What the function that executes an operation returns when the block goes on.</summary>
    public const int GoOn = 1;

    private static readonly Gpr[] CalleeSaved = [Gpr.Rbx, Gpr.Rbp, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15];

    private readonly GuestLayout _layout;

    /// <summary>Emits the shared code.</summary>
    /// <param name="assembler">Set to the place where it is to stand.</param>
    /// <param name="layout">The guest.</param>
    /// <param name="runOperation">A function of the C calling convention: (state, operation) executes an operation by its handler and returns <see cref="GoOn"/> when the next one of the block follows, else what translated code is to return.</param>
    public Thunks(Assembler assembler, GuestLayout layout, long runOperation)
    {
        _layout = layout;
        Enter = assembler.ExecuteAddress(assembler.Position);
        foreach (Gpr register in CalleeSaved)
        {
            assembler.Push(register);
        }

        // Six pushes and the return address: the stack is to be a multiple of 16 inside blocks.
        assembler.Alu(AluOperation.Sub, 64, Gpr.Rsp, 8);
        assembler.Mov(64, Gpr.Rbp, Gpr.Rdi);
        assembler.Stmxcsr(new Mem(Gpr.Rbp, layout.SaveArea + GuestLayout.HostMxcsrOffset));
        LoadGuest(assembler);
        assembler.Jmp(Gpr.Rsi);

        assembler.Align(16);
        SideExit = assembler.ExecuteAddress(assembler.Position);
        for (int register = 0; register < 16; register++)
        {
            if ((Gpr)register is not Gpr.Rsp and not Gpr.Rbp)
            {
                assembler.Mov(64, new Mem(Gpr.Rbp, layout.SaveArea + (register * 8)), (Gpr)register);
            }
        }

        StoreGuest(assembler);
        assembler.Mov(32, Gpr.Rax, new Mem(Gpr.Rbp, layout.SaveArea + GuestLayout.ExitOffset));
        Label leave = assembler.NewLabel();
        assembler.Jmp(leave);

        assembler.Align(16);
        // The result is in RAX.
        Exit = assembler.ExecuteAddress(assembler.Position);
        StoreGuest(assembler);
        assembler.Bind(leave);
        assembler.Alu(AluOperation.Add, 64, Gpr.Rsp, 8);
        for (int i = CalleeSaved.Length - 1; i >= 0; i--)
        {
            assembler.Pop(CalleeSaved[i]);
        }

        assembler.Ret();

        assembler.Align(16);
        // RSI holds the operation.
        CallOperation = assembler.ExecuteAddress(assembler.Position);
        StoreGuest(assembler);
        assembler.Alu(AluOperation.Sub, 64, Gpr.Rsp, 8);
        assembler.Mov(64, Gpr.Rdi, Gpr.Rbp);
        assembler.MovImmediate(Gpr.Rax, runOperation);
        assembler.Call(Gpr.Rax);
        assembler.Alu(AluOperation.Add, 64, Gpr.Rsp, 8);
        assembler.Alu(AluOperation.Cmp, 64, Gpr.Rax, GoOn);
        Label elsewhere = assembler.NewLabel();
        assembler.Jcc(Condition.NotZero, elsewhere);
        LoadGuest(assembler);
        assembler.Ret();
        assembler.Bind(elsewhere);
        // The return address is dropped: the block is left.
        assembler.Alu(AluOperation.Add, 64, Gpr.Rsp, 8);
        assembler.Jmp(leave);

        assembler.Align(16);
        // The block does not fit in the budget: BlockRip says where the guest stands.
        OverBudget = assembler.ExecuteAddress(assembler.Position);
        assembler.Mov(64, Gpr.Rax, new Mem(Gpr.Rbp, layout.BlockRip));
        assembler.Mov(64, new Mem(Gpr.Rbp, layout.Rip), Gpr.Rax);
        assembler.Mov(64, new Mem(Gpr.Rbp, layout.CurrentOperation), 0);
        assembler.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rax);
        assembler.Jmp(Exit);
    }

    /// <summary>A function of the C calling convention: (state, code) runs translated code; what it returns is an operation, 0, or the number of a side exit plus 1.</summary>
    public long Enter { get; }

    /// <summary>Leaves by a side exit, whose number plus 1 stands at the save area's end.</summary>
    public long SideExit { get; }

    /// <summary>Leaves with the result in RAX.</summary>
    public long Exit { get; }

    /// <summary>Leaves in front of a block.</summary>
    public long OverBudget { get; }

    /// <summary>Executes the operation in RSI by its handler; returns only when the next operation of the block follows.</summary>
    public long CallOperation { get; }

    private void LoadGuest(Assembler assembler)
    {
        assembler.Ldmxcsr(new Mem(Gpr.Rbp, _layout.Mxcsr));
        for (int slot = 0; slot < _layout.Pinned.Length; slot++)
        {
            if (_layout.Pinned[slot] is { } register)
            {
                assembler.Mov(64, register, new Mem(Gpr.Rbp, _layout.SlotOffsets[slot]));
            }
        }
    }

    private void StoreGuest(Assembler assembler)
    {
        assembler.Stmxcsr(new Mem(Gpr.Rbp, _layout.Mxcsr));
        assembler.Ldmxcsr(new Mem(Gpr.Rbp, _layout.SaveArea + GuestLayout.HostMxcsrOffset));
        for (int slot = 0; slot < _layout.Pinned.Length; slot++)
        {
            if (_layout.Pinned[slot] is { } register)
            {
                assembler.Mov(64, new Mem(Gpr.Rbp, _layout.SlotOffsets[slot]), register);
            }
        }
    }
}
