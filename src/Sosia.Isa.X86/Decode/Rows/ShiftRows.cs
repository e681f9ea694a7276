using Sosia.Isa.X86.Semantics.Shifts;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Shifts and rotations (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class ShiftRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("shift");
        Group<Rol>(t, 0, "rol");
        Group<Ror>(t, 1, "ror");
        Group<Rcl>(t, 2, "rcl");
        Group<Rcr>(t, 3, "rcr");
        Group<Shl>(t, 4, "shl");
        Group<Shr>(t, 5, "shr");
        // Not in the manual, but an alias of /4 on every processor.
        Group<Shl>(t, 6, "shl");
        Group<Sar>(t, 7, "sar");
        t.Row("0F A4 /r", "shld", "Ev,Gv,Ib", Custom(&ShiftForms.SelectDouble<Shld<ImmediateCount>>));
        t.Row("0F A5 /r", "shld", "Ev,Gv,CL", Binary<Shld<ClCount>>());
        t.Row("0F AC /r", "shrd", "Ev,Gv,Ib", Custom(&ShiftForms.SelectDouble<Shrd<ImmediateCount>>));
        t.Row("0F AD /r", "shrd", "Ev,Gv,CL", Binary<Shrd<ClCount>>());
    }

    private static void Group<TShift>(RowBuilder t, int digit, string mnemonic)
        where TShift : struct, IShift
    {
        InstructionBinding binding = Custom(&ShiftForms.Select<TShift>, &ShiftForms.Emit<TShift>);
        t.Row($"C0 /{digit}", mnemonic, "Eb,Ib", binding);
        t.Row($"C1 /{digit}", mnemonic, "Ev,Ib", binding);
        t.Row($"D0 /{digit}", mnemonic, "Eb,1", binding);
        t.Row($"D1 /{digit}", mnemonic, "Ev,1", binding);
        t.Row($"D2 /{digit}", mnemonic, "Eb,CL", binding);
        t.Row($"D3 /{digit}", mnemonic, "Ev,CL", binding);
    }
}
