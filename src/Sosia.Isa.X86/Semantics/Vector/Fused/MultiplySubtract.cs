namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>x × y − z.</summary>
internal readonly struct MultiplySubtract : IFusedSign
{
    public static bool NegatesProduct => false;

    public static bool NegatesAddend(int element) => true;
}
