namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>x × y + z in odd elements, x × y − z in even ones.</summary>
internal readonly struct MultiplyAddSubtract : IFusedSign
{
    public static bool NegatesProduct => false;

    public static bool NegatesAddend(int element) => (element & 1) == 0;
}
