namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>0.</summary>
internal readonly struct Nought : IConstantInteger
{
    public static int Value => 0;
}
