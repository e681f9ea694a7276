namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the pointers are only passed on.
/// <summary>132: the first and the third operand are multiplied.</summary>
internal readonly unsafe struct Order132 : IFusedOrder
{
    public static void Arrange(byte* destination, byte* first, byte* source, out byte* x, out byte* y, out byte* z)
    {
        x = destination;
        y = source;
        z = first;
    }
}
