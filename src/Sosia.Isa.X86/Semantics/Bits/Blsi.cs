using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BLSI: the lowest set bit alone; CF when the source is not 0.</summary>
internal readonly struct Blsi : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V value = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }


        V result = s.And(s.Subtract(s.Constant(0), value), value);
        s.WriteDestination(result);
        s.FlagResult = s.SignExtend(result);
        s.FlagCarries = FlagMath.Carries(ref s, s.Xor(s.Equal(value, s.Constant(0)), s.Constant(1)), s.Constant(0), s.Constant(0));
    }
}
