using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The bindings of rows with a VEX prefix that <see cref="VectorBindings"/> lacks.</summary>
internal static unsafe class WideBindings
{
    /// <summary>XMM from VEX.vvvv and XMM or a memory form.</summary>
    public static InstructionBinding VexWith<TInsn, TMemory>()
        where TInsn : struct, IVectorImmediate
        where TMemory : struct, IVectorSource
        => VectorBindings.From<TInsn, ToVex, FromXmm, TMemory>();

    /// <summary>XMM from XMM or a memory form alone.</summary>
    public static InstructionBinding VexUnary<TInsn, TMemory>()
        where TInsn : struct, IVectorUnary
        where TMemory : struct, IVectorSource
        => VexWith<OfUnary<TInsn>, TMemory>();

    /// <summary>An instruction under MXCSR: XMM from VEX.vvvv and XMM or a memory form.</summary>
    public static InstructionBinding VexFloat<TInsn, TMemory>()
        where TInsn : struct, IVectorFloat
        where TMemory : struct, IVectorSource
        => VectorBindings.Float<TInsn, ToVex, FromXmm, TMemory>();

    /// <summary>An instruction under MXCSR whose destination may be memory.</summary>
    public static InstructionBinding FloatTo<TInsn, TRegister, TMemory, TSource>()
        where TInsn : struct, IVectorFloat
        where TRegister : struct, IVectorDestination
        where TMemory : struct, IVectorDestination
        where TSource : struct, IVectorSource
        => InstructionBinding.Custom(&VectorHandlers.SelectFloatDestination<TInsn, TRegister, TMemory, TSource>);

    /// <summary>YMM from VEX.vvvv and YMM or 32 bytes at any address.</summary>
    public static InstructionBinding Ymm<TInsn>()
        where TInsn : struct, IWide => WideFrom<TInsn, ToYmm, FromYmm, FromMemory32>();

    /// <summary>YMM from VEX.vvvv and XMM or a memory form of 16 bytes or less.</summary>
    public static InstructionBinding YmmLow<TInsn, TMemory>()
        where TInsn : struct, IWide
        where TMemory : struct, IVectorSource => WideFrom<TInsn, ToYmm, Low<FromXmm>, Low<TMemory>>();

    /// <summary>Any form with YMM whose source may be memory.</summary>
    public static InstructionBinding WideFrom<TInsn, TDestination, TRegister, TMemory>()
        where TInsn : struct, IWide
        where TDestination : struct, IWideDestination
        where TRegister : struct, IWideSource
        where TMemory : struct, IWideSource
        => InstructionBinding.Custom(&WideHandlers.SelectSource<TInsn, TDestination, TRegister, TMemory>);

    /// <summary>Any form with YMM whose destination may be memory.</summary>
    public static InstructionBinding WideTo<TInsn, TRegister, TMemory, TSource>()
        where TInsn : struct, IWide
        where TRegister : struct, IWideDestination
        where TMemory : struct, IWideDestination
        where TSource : struct, IWideSource
        => InstructionBinding.Custom(&WideHandlers.SelectDestination<TInsn, TRegister, TMemory, TSource>);

    /// <summary>An instruction under MXCSR with YMM whose source may be memory.</summary>
    public static InstructionBinding WideFloat<TInsn, TRegister, TMemory>()
        where TInsn : struct, IWideFloat
        where TRegister : struct, IWideSource
        where TMemory : struct, IWideSource
        => InstructionBinding.Custom(&WideHandlers.SelectFloat<TInsn, ToYmm, TRegister, TMemory>);

    /// <summary>An instruction under MXCSR with YMM whose destination may be memory.</summary>
    public static InstructionBinding WideFloatTo<TInsn, TRegister, TMemory>()
        where TInsn : struct, IWideFloat
        where TRegister : struct, IWideDestination
        where TMemory : struct, IWideDestination
        => InstructionBinding.Custom(&WideHandlers.SelectFloatDestination<TInsn, TRegister, TMemory, FromYmm>);
}
