namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>8.</summary>
internal readonly struct Eight : IConstantInteger
{
    public static int Value => 8;
}
