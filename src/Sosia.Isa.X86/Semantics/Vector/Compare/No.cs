namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>False.</summary>
internal readonly struct No : IConstantBoolean
{
    public static bool Value => false;
}
