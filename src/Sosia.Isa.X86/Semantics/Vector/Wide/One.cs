namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>1.</summary>
internal readonly struct One : IConstantInteger
{
    public static int Value => 1;
}
