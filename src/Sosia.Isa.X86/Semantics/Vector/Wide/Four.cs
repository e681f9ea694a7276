namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>4.</summary>
internal readonly struct Four : IConstantInteger
{
    public static int Value => 4;
}
