namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>16.</summary>
internal readonly struct Sixteen : IConstantInteger
{
    public static int Value => 16;
}
