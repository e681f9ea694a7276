namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>x × y + z.</summary>
internal readonly struct MultiplyAdd : IFusedSign
{
    public static bool NegatesProduct => false;

    public static bool NegatesAddend(int element) => false;
}
