using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>TEST: AND for its flags.</summary>
internal readonly struct Test : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V a = s.ReadDestination();
        if (s.Faulted)
        {
            return;
        }

        V b = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }

        V result = s.And(a, b);
        FlagMath.SetLogic(ref s, result);
    }
}
