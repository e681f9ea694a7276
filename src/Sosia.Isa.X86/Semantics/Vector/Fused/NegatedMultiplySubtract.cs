namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>−(x × y) − z.</summary>
internal readonly struct NegatedMultiplySubtract : IFusedSign
{
    public static bool NegatesProduct => true;

    public static bool NegatesAddend(int element) => true;
}
