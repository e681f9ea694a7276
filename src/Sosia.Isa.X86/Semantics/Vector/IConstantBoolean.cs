namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A constant as a type.</summary>
internal interface IConstantBoolean
{
    /// <summary>The constant.</summary>
    static abstract bool Value { get; }
}

/// <summary>True.</summary>
internal readonly struct Yes : IConstantBoolean
{
    public static bool Value => true;
}

/// <summary>False.</summary>
internal readonly struct No : IConstantBoolean
{
    public static bool Value => false;
}
