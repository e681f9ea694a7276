namespace Sosia.Jit.X64.Lowering;

/// <summary>
/// The code that blocks share: the way in, the ways out, and the call of an operation's handler. While translated code runs, RBP holds the state
/// and the pinned registers hold the guest's.
/// </summary>
public sealed partial class Thunks
{
    /// <summary>The bit of a result that says: the operation at the rest of it is to be executed by its handler, then comes <see cref="Resume"/>.</summary>
    public const int CallBit = 1;

    /// <summary>With <see cref="CallBit"/>: how many more operations follow that one, from this bit on.</summary>
    public const int CallCountShift = 56;

    /// <summary>The bit of a result that says: a side exit was taken, whose number is the rest, shifted by <see cref="SideExitShift"/>.</summary>
    public const int SideExitBit = 2;

    /// <summary>See <see cref="SideExitBit"/>.</summary>
    public const int SideExitShift = 3;

    // Room on the host's stack for guest calls that have not returned, 16 bytes each.
    private const int CallStackByteCount = 16 << 10;

    private static readonly Gpr[] CalleeSaved = [Gpr.Rbx, Gpr.Rbp, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15];

    private readonly GuestLayout _layout;

    /// <summary>Emits the shared code.</summary>
    /// <param name="assembler">Set to the place where it is to stand.</param>
    /// <param name="layout">The guest.</param>
    public Thunks(Assembler assembler, GuestLayout layout)
    {
        _layout = layout;
        EmitX87(assembler);
        assembler.Align(16);
        Enter = assembler.ExecuteAddress(assembler.Position);
        EmitWayIn(assembler);
        LoadGuest(assembler);
        assembler.Jmp(Gpr.Rsi);

        assembler.Align(16);
        Resume = assembler.ExecuteAddress(assembler.Position);
        EmitWayIn(assembler);
        RestoreX87(assembler);
        assembler.Ldmxcsr(State(layout.Mxcsr));
        for (int register = 0; register < 16; register++)
        {
            if ((Gpr)register is not Gpr.Rsp and not Gpr.Rbp)
            {
                assembler.Mov(64, (Gpr)register, State(layout.SaveArea + (register * 8)));
            }
        }

        assembler.Jmp(State(layout.SaveArea + GuestLayout.ResumeOffset));

        assembler.Align(16);
        SideExit = assembler.ExecuteAddress(assembler.Position);
        for (int register = 0; register < 16; register++)
        {
            if ((Gpr)register is not Gpr.Rsp and not Gpr.Rbp)
            {
                assembler.Mov(64, State(layout.SaveArea + (register * 8)), (Gpr)register);
            }
        }

        StoreGuest(assembler);
        assembler.Mov(32, Gpr.Rax, State(layout.SaveArea + GuestLayout.ExitOffset));
        Label leave = assembler.NewLabel();
        assembler.Jmp(leave);

        assembler.Align(16);
        // The result is in RAX.
        Exit = assembler.ExecuteAddress(assembler.Position);
        StoreGuest(assembler);
        assembler.Bind(leave);
        // What guest calls left on the stack is forgotten.
        assembler.Mov(64, Gpr.Rsp, State(layout.SaveArea + GuestLayout.StackOffset));
        assembler.Alu(AluOperation.Add, 64, Gpr.Rsp, 24);
        for (int i = CalleeSaved.Length - 1; i >= 0; i--)
        {
            assembler.Pop(CalleeSaved[i]);
        }

        assembler.Ret();

        assembler.Align(16);
        // RAX holds the operation with the bit, RCX where to go on.
        CallOperation = assembler.ExecuteAddress(assembler.Position);
        assembler.Mov(64, State(layout.SaveArea + GuestLayout.ResumeOffset), Gpr.Rcx);
        assembler.Jmp(Exit);

        assembler.Align(16);
        // The block does not fit in the budget: BlockRip says where the guest stands.
        OverBudget = assembler.ExecuteAddress(assembler.Position);
        assembler.Mov(64, Gpr.Rax, State(layout.BlockRip));
        assembler.Mov(64, State(layout.Rip), Gpr.Rax);
        assembler.Mov(64, State(layout.CurrentOperation), 0);
        assembler.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rax);
        assembler.Jmp(Exit);
        EmitFlagsIntoWords(assembler);
        EmitFlagsFromWords(assembler);
    }

    /// <summary>
    /// A function of the C calling convention: (state, code) runs translated code. What it returns is an operation or 0, or has
    /// <see cref="CallBit"/> or <see cref="SideExitBit"/> set.
    /// </summary>
    public long Enter { get; }

    /// <summary>A function of the C calling convention: (state) goes on after a side exit with all host registers as they were, at the address in the save area.</summary>
    public long Resume { get; }

    /// <summary>Leaves by a side exit, whose result stands at the save area's end.</summary>
    public long SideExit { get; }

    /// <summary>Leaves with the result in RAX.</summary>
    public long Exit { get; }

    /// <summary>Leaves in front of a block.</summary>
    public long OverBudget { get; }

    /// <summary>Has the operation in RAX, which has <see cref="CallBit"/> set, executed by its handler; RCX says where the block goes on.</summary>
    public long CallOperation { get; }

    /// <summary>Called at a block's beginning: turns the flags that LAHF and SETO left into the two flag words. Destroys RAX, RCX, RDX.</summary>
    public long FlagsIntoWords { get; private set; }

    /// <summary>Called where the flags are in the words: leaves them in RAX and in the save area as LAHF and SETO would. Keeps all other registers.</summary>
    public long FlagsFromWords { get; private set; }

    private void EmitFlagsIntoWords(Assembler a)
    {
        a.Align(16);
        FlagsIntoWords = a.ExecuteAddress(a.Position);
        var hostFlags = State(_layout.SaveArea + GuestLayout.HostFlagsOffset);
        a.Movzx(32, Gpr.Rax, 16, hostFlags);
        a.Shift(ShiftOperation.Rol, 16, Gpr.Rax, 8);
        a.Shift(ShiftOperation.Shl, 32, Gpr.Rax, 4);
        a.MovImmediate(Gpr.Rcx, _layout.FlagWords);
        a.Alu(AluOperation.Add, 64, Gpr.Rcx, Gpr.Rax);
        a.Mov(64, Gpr.Rdx, new Mem(Gpr.Rcx, 0));
        a.Mov(64, State(_layout.SlotOffsets[_layout.FlagResultSlot]), Gpr.Rdx);
        a.Mov(64, Gpr.Rdx, new Mem(Gpr.Rcx, 8));
        a.Mov(64, State(_layout.SlotOffsets[_layout.FlagCarriesSlot]), Gpr.Rdx);
        a.Mov(32, hostFlags, 0);
        a.Ret();
    }

    // The words: the result R, the carries C, of which bits 0 and 1 correct PF and SF (the guest's lazy flags).
    private void EmitFlagsFromWords(Assembler a)
    {
        Gpr[] kept = [Gpr.Rcx, Gpr.Rdx, Gpr.Rsi, Gpr.Rdi];
        a.Align(16);
        FlagsFromWords = a.ExecuteAddress(a.Position);
        foreach (Gpr register in kept)
        {
            a.Push(register);
        }

        a.Mov(64, Gpr.Rcx, State(_layout.SlotOffsets[_layout.FlagResultSlot]));
        a.Mov(64, Gpr.Rdx, State(_layout.SlotOffsets[_layout.FlagCarriesSlot]));

        // ESI collects AH: PF with the bit that is always set, ZF, SF, AF, CF.
        a.Test(8, Gpr.Rcx, Gpr.Rcx);
        a.Setcc(Condition.Parity, Gpr.Rax);
        a.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rdx);
        a.Alu(AluOperation.And, 32, Gpr.Rax, 1);
        a.Shift(ShiftOperation.Shl, 32, Gpr.Rax, 2);
        a.Mov(32, Gpr.Rsi, Gpr.Rax);
        a.Alu(AluOperation.Or, 32, Gpr.Rsi, 2);
        a.Test(64, Gpr.Rcx, Gpr.Rcx);
        a.Setcc(Condition.Zero, Gpr.Rax);
        a.Movzx(32, Gpr.Rax, 8, Gpr.Rax);
        a.Shift(ShiftOperation.Shl, 32, Gpr.Rax, 6);
        a.Alu(AluOperation.Or, 32, Gpr.Rsi, Gpr.Rax);
        a.Shift(ShiftOperation.Shr, 64, Gpr.Rcx, 63);
        a.Mov(32, Gpr.Rax, Gpr.Rdx);
        a.Shift(ShiftOperation.Shr, 32, Gpr.Rax, 1);
        a.Alu(AluOperation.And, 32, Gpr.Rax, 1);
        a.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rcx);
        a.Shift(ShiftOperation.Shl, 32, Gpr.Rax, 7);
        a.Alu(AluOperation.Or, 32, Gpr.Rsi, Gpr.Rax);
        a.Mov(32, Gpr.Rax, Gpr.Rdx);
        a.Alu(AluOperation.And, 32, Gpr.Rax, 8);
        a.Shift(ShiftOperation.Shl, 32, Gpr.Rax, 1);
        a.Alu(AluOperation.Or, 32, Gpr.Rsi, Gpr.Rax);
        a.Mov(64, Gpr.Rax, Gpr.Rdx);
        a.Shift(ShiftOperation.Shr, 64, Gpr.Rax, 63);
        a.Alu(AluOperation.Or, 32, Gpr.Rsi, Gpr.Rax);

        // AL: OF.
        a.Shift(ShiftOperation.Shr, 64, Gpr.Rdx, 62);
        a.Alu(AluOperation.And, 32, Gpr.Rdx, 1);
        a.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rdx);
        a.Shift(ShiftOperation.Shl, 32, Gpr.Rsi, 8);
        a.Alu(AluOperation.Or, 32, Gpr.Rax, Gpr.Rsi);
        a.Mov(16, State(_layout.SaveArea + GuestLayout.HostFlagsOffset), Gpr.Rax);
        for (int i = kept.Length - 1; i >= 0; i--)
        {
            a.Pop(kept[i]);
        }

        a.Ret();
    }

    private static Mem State(int offset) => new(Gpr.Rbp, offset - GuestLayout.StateBias);

    private void EmitWayIn(Assembler assembler)
    {
        foreach (Gpr register in CalleeSaved)
        {
            assembler.Push(register);
        }

        // Below the six registers and the return address stands, as if a call had put it there, a return address that is not canonical: it matches none.
        assembler.Lea(64, Gpr.Rbp, new Mem(Gpr.Rdi, GuestLayout.StateBias));
        assembler.Alu(AluOperation.Sub, 64, Gpr.Rsp, 24);
        assembler.MovImmediate(Gpr.Rax, long.MinValue);
        assembler.Mov(64, new Mem(Gpr.Rsp, 8), Gpr.Rax);
        assembler.Mov(64, State(_layout.SaveArea + GuestLayout.StackOffset), Gpr.Rsp);
        assembler.Lea(64, Gpr.Rax, new Mem(Gpr.Rsp, -CallStackByteCount));
        assembler.Mov(64, State(_layout.SaveArea + GuestLayout.StackLimitOffset), Gpr.Rax);
        assembler.Stmxcsr(State(_layout.SaveArea + GuestLayout.HostMxcsrOffset));
    }

    private void LoadGuest(Assembler assembler)
    {
        assembler.Mov(32, State(_layout.SaveArea + GuestLayout.X87Offset), 0);
        assembler.Ldmxcsr(State(_layout.Mxcsr));
        for (int slot = 0; slot < _layout.Pinned.Length; slot++)
        {
            if (_layout.Pinned[slot] is { } register)
            {
                assembler.Mov(64, register, State(_layout.SlotOffsets[slot]));
            }
        }
    }

    private void StoreGuest(Assembler assembler)
    {
        assembler.Stmxcsr(State(_layout.Mxcsr));
        assembler.Ldmxcsr(State(_layout.SaveArea + GuestLayout.HostMxcsrOffset));
        for (int slot = 0; slot < _layout.Pinned.Length; slot++)
        {
            if (_layout.Pinned[slot] is { } register)
            {
                assembler.Mov(64, State(_layout.SlotOffsets[slot]), register);
            }
        }

        StoreX87(assembler);
    }
}
