namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>2.</summary>
internal readonly struct Two : IConstantInteger
{
    public static int Value => 2;
}
