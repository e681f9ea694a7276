namespace Sosia.Jit.X64.Lowering;

/// <content>The guest's x87 registers on their way into the host's unit and back.</content>
public sealed partial class Thunks
{
    /// <summary>At <see cref="GuestLayout.X87Offset"/> in the save area while the host's unit holds the guest's x87 registers.</summary>
    public const int X87InHost = 1;

    // There when host code was left while the unit held them: it is to hold them again if the block goes on.
    private const int X87WasInHost = 2;

    // Places in the area that XSAVE and XRSTOR use (SDM vol. 1, 10.5.1 and 13.4.2).
    private const int AreaControl = 0;
    private const int AreaStatus = 2;
    private const int AreaTags = 4;
    private const int AreaRegisters = 32;
    private const int AreaComponents = 512;

    // Control words with all exceptions masked, with the bits as they are fixed.
    private const int ControlMask = 0xe0ff;
    private const int MaskedControl = 0x7f;
    private const int UsualControl = 0x37f;
    private const int PendingStatus = 0x8080;

    /// <summary>
    /// Called in the middle of blocks: brings the guest's x87 registers into the host's unit. The host's zero flag says whether that was possible: the guest has not switched the
    /// unit off, masks all exceptions, and none is pending. Keeps all registers.
    /// </summary>
    public long LoadX87 { get; private set; }

    // Called on the way out, with the guest's registers stored: keeps RAX and RBP.
    private long SaveX87 { get; set; }

    private void EmitX87(Assembler a)
    {
        if (_layout.X87 is { } x87)
        {
            EmitLoadX87(a, x87);
            EmitSaveX87(a, x87);
        }
    }

    private void EmitLoadX87(Assembler a, X87Layout x87)
    {
        Gpr[] kept = [Gpr.Rax, Gpr.Rcx, Gpr.Rdx, Gpr.Rsi];
        Label done = a.NewLabel();
        a.Align(16);
        LoadX87 = a.ExecuteAddress(a.Position);
        foreach (Gpr register in kept)
        {
            a.Push(register);
        }

        a.Test(32, State(x87.Refused.Offset), x87.Refused.Mask);
        a.Jcc(Condition.NotZero, done);
        a.Test(16, State(x87.Status), PendingStatus);
        a.Jcc(Condition.NotZero, done);
        a.Movzx(32, Gpr.Rax, 16, State(x87.Control));
        a.Mov(32, Gpr.Rcx, Gpr.Rax);
        a.Alu(AluOperation.And, 32, Gpr.Rcx, ControlMask);
        a.Alu(AluOperation.Cmp, 32, Gpr.Rcx, MaskedControl);
        a.Jcc(Condition.NotZero, done);

        a.MovImmediate(Gpr.Rsi, x87.Area);
        a.Mov(16, new Mem(Gpr.Rsi, AreaControl), Gpr.Rax);
        a.Movzx(32, Gpr.Rcx, 16, State(x87.Status));
        a.Mov(16, new Mem(Gpr.Rsi, AreaStatus), Gpr.Rcx);
        a.Movzx(32, Gpr.Rax, 8, State(x87.Tags));
        a.Mov(8, new Mem(Gpr.Rsi, AreaTags), Gpr.Rax);
        a.Shift(ShiftOperation.Shr, 32, Gpr.Rcx, 11 - 4);
        for (int i = 0; i < 8; i++)
        {
            NextRegister(a, i);
            a.Mov(64, Gpr.Rdx, new Mem(Gpr.Rbp, Gpr.Rcx, 1, x87.Registers - GuestLayout.StateBias));
            a.Mov(64, new Mem(Gpr.Rsi, AreaRegisters + (16 * i)), Gpr.Rdx);
            a.Movzx(32, Gpr.Rdx, 16, new Mem(Gpr.Rbp, Gpr.Rcx, 1, x87.Registers + 8 - GuestLayout.StateBias));
            a.Mov(64, new Mem(Gpr.Rsi, AreaRegisters + 8 + (16 * i)), Gpr.Rdx);
        }

        a.Mov(64, new Mem(Gpr.Rsi, AreaComponents), 1);
        SelectX87(a);
        a.Xrstor64(new Mem(Gpr.Rsi));
        a.Mov(32, InHost, X87InHost);
        a.Bind(done);
        a.Alu(AluOperation.Cmp, 32, InHost, X87InHost);
        for (int i = kept.Length - 1; i >= 0; i--)
        {
            a.Pop(kept[i]);
        }

        a.Ret();
    }

    private void EmitSaveX87(Assembler a, X87Layout x87)
    {
        Label usual = a.NewLabel();
        a.Align(16);
        SaveX87 = a.ExecuteAddress(a.Position);
        a.Mov(64, Gpr.Rdi, Gpr.Rax);
        a.MovImmediate(Gpr.Rsi, x87.Area);
        SelectX87(a);
        a.Xsave64(new Mem(Gpr.Rsi));
        // The host's own code expects an empty stack and its control word.
        a.Emms();
        a.Movzx(32, Gpr.Rax, 16, new Mem(Gpr.Rsi, AreaControl));
        a.Mov(16, State(x87.Control), Gpr.Rax);
        a.Alu(AluOperation.Cmp, 32, Gpr.Rax, UsualControl);
        a.Jcc(Condition.Zero, usual);
        a.X87(0xd9, 5, new Mem(Gpr.Rsi, X87Layout.HostControlOffset));
        a.Bind(usual);
        a.Movzx(32, Gpr.Rcx, 16, new Mem(Gpr.Rsi, AreaStatus));
        a.Mov(16, State(x87.Status), Gpr.Rcx);
        a.Movzx(32, Gpr.Rax, 8, new Mem(Gpr.Rsi, AreaTags));
        a.Mov(8, State(x87.Tags), Gpr.Rax);
        a.Shift(ShiftOperation.Shr, 32, Gpr.Rcx, 11 - 4);
        for (int i = 0; i < 8; i++)
        {
            NextRegister(a, i);
            a.Mov(64, Gpr.Rdx, new Mem(Gpr.Rsi, AreaRegisters + (16 * i)));
            a.Mov(64, new Mem(Gpr.Rbp, Gpr.Rcx, 1, x87.Registers - GuestLayout.StateBias), Gpr.Rdx);
            a.Movzx(32, Gpr.Rdx, 16, new Mem(Gpr.Rsi, AreaRegisters + 8 + (16 * i)));
            a.Mov(64, new Mem(Gpr.Rbp, Gpr.Rcx, 1, x87.Registers + 8 - GuestLayout.StateBias), Gpr.Rdx);
        }

        a.Mov(32, InHost, X87WasInHost);
        a.Mov(64, Gpr.Rax, Gpr.Rdi);
        a.Ret();
    }

    // On every way out.
    private void StoreX87(Assembler a)
    {
        if (_layout.X87 is not null)
        {
            Label elsewhere = a.NewLabel();
            a.Alu(AluOperation.Cmp, 32, InHost, X87InHost);
            a.Jcc(Condition.NotZero, elsewhere);
            a.Call(SaveX87);
            a.Bind(elsewhere);
        }
    }

    // Where a block goes on in the middle.
    private void RestoreX87(Assembler a)
    {
        if (_layout.X87 is not null)
        {
            Label elsewhere = a.NewLabel();
            a.Alu(AluOperation.Cmp, 32, InHost, X87WasInHost);
            a.Jcc(Condition.NotZero, elsewhere);
            a.Call(LoadX87);
            a.Bind(elsewhere);
        }
    }

    private Mem InHost => State(_layout.SaveArea + GuestLayout.X87Offset);

    // XSAVE and XRSTOR are to look at the x87 alone.
    private static void SelectX87(Assembler a)
    {
        a.Alu(AluOperation.Xor, 32, Gpr.Rdx, Gpr.Rdx);
        a.Mov(32, Gpr.Rax, 1);
    }

    // RCX: the offset of the physical register that is ST(i), for i in turn. The area begins with ST(0).
    private static void NextRegister(Assembler a, int i)
    {
        if (i != 0)
        {
            a.Alu(AluOperation.Add, 32, Gpr.Rcx, 16);
        }

        a.Alu(AluOperation.And, 32, Gpr.Rcx, 0x70);
    }
}
