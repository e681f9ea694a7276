namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A constant as a type.</summary>
internal interface IConstantBoolean
{
    /// <summary>The constant.</summary>
    static abstract bool Value { get; }
}
