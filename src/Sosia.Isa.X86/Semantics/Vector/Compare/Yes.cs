namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>True.</summary>
internal readonly struct Yes : IConstantBoolean
{
    public static bool Value => true;
}
