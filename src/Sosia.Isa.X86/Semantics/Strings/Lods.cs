using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>LODS: [rSI] to the accumulator.</summary>
internal readonly unsafe struct Lods<TWidth> : IStringStep
    where TWidth : struct, IWidth
{
    /// <inheritdoc/>
    public static bool Compares => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool One(X86State* state, Op* op)
    {
        int byteCount = TWidth.Bits / 8;
        if (!StringAccess.SourceLinear(state, op, byteCount, out ulong source)
            || !OperandAccess.ReadLinear(state, source, byteCount, out ulong value))
        {
            return false;
        }

        new Interpreting<TWidth, InRegister, InRegister>(state, op).WriteRegister(0, value);
        StringAccess.Advance(state, op, StringAccess.Rsi, byteCount);
        return true;
    }

    /// <inheritdoc/>
    public static ulong Many(X86State* state, Op* op, ulong count)
    {
        return 0;
    }
}
