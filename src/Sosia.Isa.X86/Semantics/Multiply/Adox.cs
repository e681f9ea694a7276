using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>ADOX: addition with OF as carry in and out; no other flag changes.</summary>
internal readonly struct Adox : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V b = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }

        V a = s.ReadDestination();
        V cf = FlagMath.Cf<S, V>(ref s);
        V of = FlagMath.Of<S, V>(ref s);
        V result = s.Truncate(s.Add(s.Add(a, b), of));
        V vector = s.Or(s.And(a, b), s.And(s.Or(a, b), s.Not(result)));
        V carry = s.And(s.ShiftRight(vector, s.Constant((ulong)(s.Bits - 1))), s.Constant(1));
        s.WriteDestination(result);
        s.FlagCarries = FlagMath.WithCfOf(ref s, s.FlagCarries, cf, carry);
    }
}
