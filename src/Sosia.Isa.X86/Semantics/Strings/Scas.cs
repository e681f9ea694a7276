using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>SCAS: the flags of accumulator − [rDI].</summary>
internal readonly unsafe struct Scas<TWidth> : IStringStep
    where TWidth : struct, IWidth
{
    /// <inheritdoc/>
    public static bool Compares => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool One(X86State* state, Op* op)
    {
        int byteCount = TWidth.Bits / 8;
        if (!StringAccess.DestinationLinear(state, op, byteCount, isWrite: false, out ulong destination)
            || !OperandAccess.ReadLinear(state, destination, byteCount, out ulong value))
        {
            return false;
        }

        HostElement.Compare<TWidth>(state, op, HostElement.Cut<TWidth>(state->Gpr[0]), value);
        StringAccess.Advance(state, op, StringAccess.Rdi, byteCount);
        return true;
    }

    /// <inheritdoc/>
    public static ulong Many(X86State* state, Op* op, ulong count)
    {
        int byteCount = TWidth.Bits / 8;
        byte* destination = StringAccess.DestinationRun(state, op, byteCount, isWrite: false, ref count);
        if (count == 0)
        {
            return 0;
        }

        // SAFETY: the run lies within a page of guest RAM.
        bool whileEqual = (op->Flags & OpFlags.Rep) != 0;
        ulong accumulator = HostElement.Cut<TWidth>(state->Gpr[0]);
        ulong done = 0;
        ulong value;
        do
        {
            value = HostElement.Load<TWidth>(destination);
            destination += byteCount;
            done++;
        }
        while (done < count && (accumulator == value) == whileEqual);

        HostElement.Compare<TWidth>(state, op, accumulator, value);
        StringAccess.Advance(state, op, StringAccess.Rdi, (int)done * byteCount);
        return done;
    }
}
