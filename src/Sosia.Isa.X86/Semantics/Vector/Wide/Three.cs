namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>3.</summary>
internal readonly struct Three : IConstantInteger
{
    public static int Value => 3;
}
