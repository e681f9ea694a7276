using System;
using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>MOVS: [rSI] to [rDI].</summary>
internal readonly unsafe struct Movs<TWidth> : IStringStep
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
            || !StringAccess.DestinationLinear(state, op, byteCount, isWrite: true, out ulong destination)
            || !OperandAccess.ReadLinear(state, source, byteCount, out ulong value)
            || !OperandAccess.WriteLinear(state, destination, byteCount, value))
        {
            return false;
        }

        StringAccess.Advance(state, op, StringAccess.Rsi, byteCount);
        StringAccess.Advance(state, op, StringAccess.Rdi, byteCount);
        return true;
    }

    /// <inheritdoc/>
    public static ulong Many(X86State* state, Op* op, ulong count)
    {
        int byteCount = TWidth.Bits / 8;
        byte* source = StringAccess.SourceRun(state, op, byteCount, ref count);
        byte* destination = count == 0 ? null : StringAccess.DestinationRun(state, op, byteCount, isWrite: true, ref count);
        if (count == 0)
        {
            return 0;
        }

        // SAFETY: both runs lie within pages of guest RAM; host addresses show every overlap, also through aliased pages.
        long total = (long)count * byteCount;
        if (destination > source && destination < source + total)
        {
            // The destination runs over the source ahead: elements read what earlier ones wrote.
            for (long at = 0; at < total; at += byteCount)
            {
                HostElement.Store<TWidth>(destination + at, HostElement.Load<TWidth>(source + at));
            }
        }
        else
        {
            Buffer.MemoryCopy(source, destination, total, total);
        }

        StringAccess.Advance(state, op, StringAccess.Rsi, (int)total);
        StringAccess.Advance(state, op, StringAccess.Rdi, (int)total);
        return count;
    }
}
