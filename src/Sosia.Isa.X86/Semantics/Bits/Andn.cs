using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>ANDN: not VEX.vvvv and source.</summary>
internal readonly struct Andn : IInstruction
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


        V result = s.And(s.Truncate(s.Not(s.ReadThird())), value);
        s.WriteDestination(result);
        FlagMath.SetLogic(ref s, result);
    }
}
