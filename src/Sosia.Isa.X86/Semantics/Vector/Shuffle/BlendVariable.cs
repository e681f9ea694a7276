using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PBLENDVB, BLENDVPS and BLENDVPD: elements of the source where the top bit of a mask's is set, else of the first operand. The mask is XMM0, with VEX a fourth operand.</summary>
internal static unsafe class BlendVariable
{
    /// <summary>PBLENDVB.</summary>
    public static InstructionBinding Bytes => InstructionBinding.Custom(&Select<sbyte>);

    /// <summary>BLENDVPS.</summary>
    public static InstructionBinding Doublewords => InstructionBinding.Custom(&Select<int>);

    /// <summary>BLENDVPD.</summary>
    public static InstructionBinding Quadwords => InstructionBinding.Custom(&Select<long>);

    /// <summary>The VEX.128 form.</summary>
    public static InstructionBinding Vex<TElement>()
        where TElement : unmanaged => InstructionBinding.Custom(&SelectVex<TElement>);

    /// <summary>The VEX.256 form.</summary>
    public static InstructionBinding Wide<TElement>()
        where TElement : unmanaged => InstructionBinding.Custom(&SelectWide<TElement>);

    private static delegate*<X86State*, Op*, Op*> SelectVex<TElement>(in DecodedInstruction instruction)
        where TElement : unmanaged
        => instruction.IsMemory ? &RunVex<TElement, FromMemory16> : &RunVex<TElement, FromXmm>;

    private static delegate*<X86State*, Op*, Op*> SelectWide<TElement>(in DecodedInstruction instruction)
        where TElement : unmanaged
        => instruction.IsMemory ? &RunWide<TElement, FromMemory32> : &RunWide<TElement, FromYmm>;

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
        ToXmm.TryStore(state, op, Choose(control, source, ToXmm.Load(state, op)));
        return state->Exit == BlockExit.None ? op + 1 : null;
    }

    private static Op* RunVex<TElement, TSource>(X86State* state, Op* op)
        where TElement : unmanaged
        where TSource : struct, IVectorSource
    {
        if ((VectorUnit.IsAvxSuspect(state) && !VectorUnit.PassesAvx(state)) || !TSource.TryLoad(state, op, out Vector128<byte> source))
        {
            return null;
        }

        // SAFETY: the immediate is the mask register's offset in the state (see Lowering).
        var control = (Vector128<TElement>*)((byte*)state + op->Immediate);
        ToVex.TryStore(state, op, Choose(*control, source, ToVex.Load(state, op)));
        return state->Exit == BlockExit.None ? op + 1 : null;
    }

    private static Op* RunWide<TElement, TSource>(X86State* state, Op* op)
        where TElement : unmanaged
        where TSource : struct, IWideSource
    {
        if ((VectorUnit.IsAvxSuspect(state) && !VectorUnit.PassesAvx(state)) || !TSource.TryLoad(state, op, out Vector256<byte> source))
        {
            return null;
        }

        // SAFETY: as in RunVex.
        var control = (Vector128<TElement>*)((byte*)state + op->Immediate);
        Vector256<byte> first = ToYmm.LoadFirst(state, op);
        ToYmm.TryStore(state, op, Vector256.Create(Choose(control[0], source.GetLower(), first.GetLower()), Choose(control[1], source.GetUpper(), first.GetUpper())));
        return state->Exit == BlockExit.None ? op + 1 : null;
    }

    private static Vector128<byte> Choose<TElement>(Vector128<TElement> control, Vector128<byte> source, Vector128<byte> first)
        where TElement : unmanaged
        => Vector128.ConditionalSelect(Vector128.LessThan(control, Vector128<TElement>.Zero).AsByte(), source, first);
}
