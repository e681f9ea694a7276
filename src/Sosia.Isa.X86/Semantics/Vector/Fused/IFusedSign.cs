namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The signs in a fused multiply-add.</summary>
internal interface IFusedSign
{
    /// <summary>The product is negated.</summary>
    static abstract bool NegatesProduct { get; }

    /// <summary>The addend of an element is negated.</summary>
    /// <param name="element">The element's number.</param>
    static abstract bool NegatesAddend(int element);
}
