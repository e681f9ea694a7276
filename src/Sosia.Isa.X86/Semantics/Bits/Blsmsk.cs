using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BLSMSK: ones up to the lowest set bit; CF when the source is 0.</summary>
internal readonly struct Blsmsk : IInstruction
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


        V result = s.Xor(s.Truncate(s.Subtract(value, s.Constant(1))), value);
        s.WriteDestination(result);
        s.FlagResult = s.SignExtend(result);
        s.FlagCarries = FlagMath.Carries(ref s, s.Equal(value, s.Constant(0)), s.Constant(0), s.Constant(0));
    }
}
