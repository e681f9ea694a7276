using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BT, BTS, BTR, BTC: CF is the selected bit; ZF stays, and so do the others, which are undefined.</summary>
internal readonly struct BitTest<TOperation> : IInstruction
    where TOperation : struct, IBitOperation
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V offset = s.ReadSource();
        if (!s.DestinationIsRegister && !s.SourceIsImmediate)
        {
            // A bit string: the register's signed offset reaches beyond the operand, in steps of the operand's size.
            V units = s.ShiftRightArithmetic(s.SignExtend(offset), s.Constant(s.Bits == 64 ? 6u : s.Bits == 32 ? 5u : 4u));
            s.OffsetMemory(s.ShiftLeft(units, s.Constant(s.Bits == 64 ? 3u : s.Bits == 32 ? 2u : 1u)));
        }

        V value = TOperation.Writes ? s.ReadDestinationForUpdate() : s.ReadDestination();
        if (s.Faulted)
        {
            return;
        }

        V bit = s.And(offset, s.Constant((ulong)(s.Bits - 1)));
        if (TOperation.Writes)
        {
            s.WriteDestination(TOperation.Apply(ref s, value, s.ShiftLeft(s.Constant(1), bit)));
            if (s.Faulted)
            {
                return;
            }
        }

        FlagMath.SetCf(ref s, s.And(s.ShiftRight(value, bit), s.Constant(1)));
    }
}
