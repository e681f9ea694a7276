using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>CMPS: the flags of [rSI] − [rDI].</summary>
internal readonly unsafe struct Cmps<TWidth> : IStringStep
    where TWidth : struct, IWidth
{
    /// <inheritdoc/>
    public static bool Compares => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool One(X86State* state, Op* op)
    {
        int byteCount = TWidth.Bits / 8;
        if (!StringAccess.SourceLinear(state, op, byteCount, out ulong source)
            || !OperandAccess.ReadLinear(state, source, byteCount, out ulong a)
            || !StringAccess.DestinationLinear(state, op, byteCount, isWrite: false, out ulong destination)
            || !OperandAccess.ReadLinear(state, destination, byteCount, out ulong b))
        {
            return false;
        }

        HostElement.Compare<TWidth>(state, op, a, b);
        StringAccess.Advance(state, op, StringAccess.Rsi, byteCount);
        StringAccess.Advance(state, op, StringAccess.Rdi, byteCount);
        return true;
    }

    /// <inheritdoc/>
    public static ulong Many(X86State* state, Op* op, ulong count)
    {
        int byteCount = TWidth.Bits / 8;
        byte* source = StringAccess.SourceRun(state, op, byteCount, ref count);
        byte* destination = count == 0 ? null : StringAccess.DestinationRun(state, op, byteCount, isWrite: false, ref count);
        if (count == 0)
        {
            return 0;
        }

        // SAFETY: both runs lie within pages of guest RAM.
        bool whileEqual = (op->Flags & OpFlags.Rep) != 0;
        ulong done = 0;
        ulong a;
        ulong b;
        do
        {
            a = HostElement.Load<TWidth>(source);
            b = HostElement.Load<TWidth>(destination);
            source += byteCount;
            destination += byteCount;
            done++;
        }
        while (done < count && (a == b) == whileEqual);

        HostElement.Compare<TWidth>(state, op, a, b);
        StringAccess.Advance(state, op, StringAccess.Rsi, (int)done * byteCount);
        StringAccess.Advance(state, op, StringAccess.Rdi, (int)done * byteCount);
        return done;
    }
}
