using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>LZCNT: ZF when the result is 0, CF when the source is; OF, SF, PF and AF are undefined.</summary>
internal readonly struct Lzcnt : IInstruction
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


        V result = s.Subtract(s.LeadingZeros(value), s.Constant((ulong)(64 - s.Bits)));
        s.WriteDestination(result);
        s.FlagResult = result;
        s.FlagCarries = FlagMath.Carries(ref s, s.Equal(value, s.Constant(0)), s.Constant(0), s.Constant(0));
    }
}
