namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A constant as a type.</summary>
internal interface IConstantInteger
{
    /// <summary>The constant.</summary>
    static abstract int Value { get; }
}
