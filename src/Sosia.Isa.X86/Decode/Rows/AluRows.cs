using Sosia.Isa.X86.Semantics.Alu;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Arithmetic, logic and moves on general registers (SDM vol. 2, each under its mnemonic).</summary>
internal static class AluRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("alu");
        Group(t, 0x00, 0, "add", LockableBinary<Add>(), RowFlags.Lockable);
        Group(t, 0x08, 1, "or", LockableBinary<Or>(), RowFlags.Lockable);
        Group(t, 0x10, 2, "adc", LockableBinary<Adc>(), RowFlags.Lockable);
        Group(t, 0x18, 3, "sbb", LockableBinary<Sbb>(), RowFlags.Lockable);
        Group(t, 0x20, 4, "and", LockableBinary<And>(), RowFlags.Lockable);
        Group(t, 0x28, 5, "sub", LockableBinary<Sub>(), RowFlags.Lockable);
        Group(t, 0x30, 6, "xor", LockableBinary<Xor>(), RowFlags.Lockable);
        Group(t, 0x38, 7, "cmp", Binary<Cmp>(), RowFlags.ReadsOnly);

        Pair(t, "84", "85", "test", "E,G", Binary<Test>(), RowFlags.ReadsOnly);
        t.Row("A8", "test", "AL,Ib", Binary<Test>(), RowFlags.ReadsOnly);
        t.Row("A9", "test", "rAX,Iz", Binary<Test>(), RowFlags.ReadsOnly);
        t.Row("F6 /0", "test", "Eb,Ib", Binary<Test>(), RowFlags.ReadsOnly);
        t.Row("F6 /1", "test", "Eb,Ib", Binary<Test>(), RowFlags.ReadsOnly);
        t.Row("F7 /0", "test", "Ev,Iz", Binary<Test>(), RowFlags.ReadsOnly);
        t.Row("F7 /1", "test", "Ev,Iz", Binary<Test>(), RowFlags.ReadsOnly);
        Pair(t, "F6 /2", "F7 /2", "not", "E", LockableUnary<Not>(), RowFlags.Lockable);
        Pair(t, "F6 /3", "F7 /3", "neg", "E", LockableUnary<Neg>(), RowFlags.Lockable);
        Pair(t, "FE /0", "FF /0", "inc", "E", LockableUnary<Inc>(), RowFlags.Lockable);
        Pair(t, "FE /1", "FF /1", "dec", "E", LockableUnary<Dec>(), RowFlags.Lockable);
        t.Row("40+r", "inc", "Zv", Unary<Inc>(), RowFlags.Not64);
        t.Row("48+r", "dec", "Zv", Unary<Dec>(), RowFlags.Not64);

        t.Family("mov");
        Pair(t, "88", "89", "mov", "E,G", Binary<Mov>());
        Pair(t, "8A", "8B", "mov", "G,E", Binary<Mov>());
        t.Row("C6 /0", "mov", "Eb,Ib", Binary<Mov>());
        t.Row("C7 /0", "mov", "Ev,Iz", Binary<Mov>());
        t.Row("B0+r", "mov", "Zb,Ib", Binary<Mov>());
        t.Row("B8+r", "mov", "Zv,Iv", Binary<Mov>());
        t.Row("A0", "mov", "AL,Ob", MoveOffset.Binding);
        t.Row("A1", "mov", "rAX,Ov", MoveOffset.Binding);
        t.Row("A2", "mov", "Ob,AL", MoveOffset.Binding);
        t.Row("A3", "mov", "Ov,rAX", MoveOffset.Binding);
        t.Row("8D /r", "lea", "Gv,M", Load<Lea>(), RowFlags.AddressOnly);
        Pair(t, "86", "87", "xchg", "E,G", LockableBinary<Xchg>(), RowFlags.Lockable | RowFlags.AlwaysLocked);
        t.Row("90+r", "xchg", "Zv,rAX", Binary<Xchg>());
        Pair(t, "0F C0", "0F C1", "xadd", "E,G", LockableBinary<Xadd>(), RowFlags.Lockable);
        Pair(t, "0F B0", "0F B1", "cmpxchg", "E,G", LockableBinary<Cmpxchg>(), RowFlags.Lockable);
    }

    // The eight operations of opcodes 00-3F and 80-83.
    private static void Group(RowBuilder t, int opcode, int digit, string mnemonic, InstructionBinding binding, RowFlags flags)
    {
        t.Row($"{opcode:X2} /r", mnemonic, "Eb,Gb", binding, flags);
        t.Row($"{opcode + 1:X2} /r", mnemonic, "Ev,Gv", binding, flags);
        t.Row($"{opcode + 2:X2} /r", mnemonic, "Gb,Eb", binding, flags & ~RowFlags.Lockable);
        t.Row($"{opcode + 3:X2} /r", mnemonic, "Gv,Ev", binding, flags & ~RowFlags.Lockable);
        t.Row($"{opcode + 4:X2}", mnemonic, "AL,Ib", binding, flags & ~RowFlags.Lockable);
        t.Row($"{opcode + 5:X2}", mnemonic, "rAX,Iz", binding, flags & ~RowFlags.Lockable);
        t.Row($"80 /{digit}", mnemonic, "Eb,Ib", binding, flags);
        t.Row($"81 /{digit}", mnemonic, "Ev,Iz", binding, flags);
        t.Row($"82 /{digit}", mnemonic, "Eb,Ib", binding, flags | RowFlags.Not64);
        t.Row($"83 /{digit}", mnemonic, "Ev,Is", binding, flags);
    }

    // A byte row and a word/doubleword/quadword row of the same instruction; "E,G" becomes "Eb,Gb" and "Ev,Gv".
    private static void Pair(RowBuilder t, string byteEncoding, string fullEncoding, string mnemonic, string operands, InstructionBinding binding, RowFlags flags = RowFlags.None)
    {
        string modRm = byteEncoding.Contains('/', System.StringComparison.Ordinal) ? string.Empty : " /r";
        t.Row(byteEncoding + modRm, mnemonic, operands.Replace(",", "b,", System.StringComparison.Ordinal) + "b", binding, flags);
        t.Row(fullEncoding + modRm, mnemonic, operands.Replace(",", "v,", System.StringComparison.Ordinal) + "v", binding, flags);
    }
}
