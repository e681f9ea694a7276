namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the pointers are only passed on.
/// <summary>213: the second and the first operand are multiplied.</summary>
internal readonly unsafe struct Order213 : IFusedOrder
{
    public static void Arrange(byte* destination, byte* first, byte* source, out byte* x, out byte* y, out byte* z)
    {
        x = first;
        y = destination;
        z = source;
    }
}
