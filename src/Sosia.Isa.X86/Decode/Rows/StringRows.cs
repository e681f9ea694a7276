using Sosia.Isa.X86.Semantics.Strings;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>String instructions on memory (SDM vol. 2, each under its mnemonic, and REP).</summary>
internal static unsafe class StringRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("string");
        Group(t, 0xa4, "movs", Custom(&StringForms.SelectMovs, &StringForms.EmitMovs));
        Group(t, 0xa6, "cmps", Custom(&StringForms.SelectCmps));
        Group(t, 0xaa, "stos", Custom(&StringForms.SelectStos, &StringForms.EmitStos));
        Group(t, 0xac, "lods", Custom(&StringForms.SelectLods, &StringForms.EmitLods));
        Group(t, 0xae, "scas", Custom(&StringForms.SelectScas));
    }

    private static void Group(RowBuilder t, int opcode, string mnemonic, InstructionBinding binding)
    {
        t.Row($"{opcode:X2}", mnemonic + "b", "", binding);
        t.Row($"o16 {opcode + 1:X2}", mnemonic + "w", "", binding);
        t.Row($"o32 {opcode + 1:X2}", mnemonic + "d", "", binding);
        t.Row($"o64 {opcode + 1:X2}", mnemonic + "q", "", binding);
    }
}
