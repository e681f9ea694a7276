namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>32.</summary>
internal readonly struct ThirtyTwo : IConstantInteger
{
    public static int Value => 32;
}
