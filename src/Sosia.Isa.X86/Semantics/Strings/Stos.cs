using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>STOS: the accumulator to [rDI].</summary>
internal readonly unsafe struct Stos<TWidth> : IStringStep
    where TWidth : struct, IWidth
{
    /// <inheritdoc/>
    public static bool Compares => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool One(X86State* state, Op* op)
    {
        int byteCount = TWidth.Bits / 8;
        if (!StringAccess.DestinationLinear(state, op, byteCount, isWrite: true, out ulong destination)
            || !OperandAccess.WriteLinear(state, destination, byteCount, state->Gpr[0]))
        {
            return false;
        }

        StringAccess.Advance(state, op, StringAccess.Rdi, byteCount);
        return true;
    }

    /// <inheritdoc/>
    public static ulong Many(X86State* state, Op* op, ulong count)
    {
        int byteCount = TWidth.Bits / 8;
        byte* destination = StringAccess.DestinationRun(state, op, byteCount, isWrite: true, ref count);
        if (count == 0)
        {
            return 0;
        }

        // SAFETY: the run lies within a page of guest RAM.
        HostElement.Fill<TWidth>(destination, (int)count, state->Gpr[0]);
        StringAccess.Advance(state, op, StringAccess.Rdi, (int)count * byteCount);
        return count;
    }
}
