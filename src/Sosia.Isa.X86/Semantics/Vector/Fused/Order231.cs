namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the pointers are only passed on.
/// <summary>231: the second and the third operand are multiplied.</summary>
internal readonly unsafe struct Order231 : IFusedOrder
{
    public static void Arrange(byte* destination, byte* first, byte* source, out byte* x, out byte* y, out byte* z)
    {
        x = first;
        y = source;
        z = destination;
    }
}
