using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PBLENDVB, BLENDVPS and BLENDVPD: elements of the source where the top bit of XMM0's is set, else of the destination.</summary>
internal static unsafe class BlendVariable
{
    /// <summary>PBLENDVB.</summary>
    public static InstructionBinding Bytes => InstructionBinding.Custom(&Select<sbyte>);

    /// <summary>BLENDVPS.</summary>
    public static InstructionBinding Doublewords => InstructionBinding.Custom(&Select<int>);

    /// <summary>BLENDVPD.</summary>
    public static InstructionBinding Quadwords => InstructionBinding.Custom(&Select<long>);

    private static delegate*<X86State*, Op*, Op*> Select<TElement>(in DecodedInstruction instruction)
        where TElement : unmanaged
        => instruction.IsMemory ? &Run<TElement, FromMemory16Aligned> : &Run<TElement, FromXmm>;

    private static Op* Run<TElement, TSource>(X86State* state, Op* op)
        where TElement : unmanaged
        where TSource : struct, IVectorSource
    {
        if (VectorUnit.IsXmmBlocked(state))
        {
            return VectorUnit.RefuseXmm(state);
        }

        if (!TSource.TryLoad(state, op, out Vector128<byte> source))
        {
            return null;
        }

        // SAFETY: XMM0 lies within the state.
        Vector128<TElement> control = *(Vector128<TElement>*)state->Vector;
        Vector128<byte> mask = Vector128.LessThan(control, Vector128<TElement>.Zero).AsByte();
        ToXmm.TryStore(state, op, Vector128.ConditionalSelect(mask, source, ToXmm.Load(state, op)));
        return state->Exit == BlockExit.None ? op + 1 : null;
    }
}
