using Sosia.Isa.X86.Decode;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The bindings of vector rows: a meaning and the forms of its operands.</summary>
internal static unsafe class VectorBindings
{
    /// <summary>XMM with XMM or 16 aligned bytes.</summary>
    public static InstructionBinding Xmm<TInsn>()
        where TInsn : struct, IVectorBinary => XmmWith<TInsn, FromMemory16Aligned>();

    /// <summary>XMM with XMM or another memory form.</summary>
    public static InstructionBinding XmmWith<TInsn, TMemory>()
        where TInsn : struct, IVectorBinary
        where TMemory : struct, IVectorSource
        => From<OfBinary<TInsn>, ToXmm, FromXmm, TMemory>();

    /// <summary>XMM from XMM or 16 aligned bytes alone.</summary>
    public static InstructionBinding XmmUnary<TInsn>()
        where TInsn : struct, IVectorUnary => XmmUnaryWith<TInsn, FromMemory16Aligned>();

    /// <summary>XMM from XMM or another memory form alone.</summary>
    public static InstructionBinding XmmUnaryWith<TInsn, TMemory>()
        where TInsn : struct, IVectorUnary
        where TMemory : struct, IVectorSource
        => From<OfUnary<TInsn>, ToXmm, FromXmm, TMemory>();

    /// <summary>XMM with XMM or 16 aligned bytes and an immediate.</summary>
    public static InstructionBinding XmmImmediate<TInsn>()
        where TInsn : struct, IVectorImmediate => From<TInsn, ToXmm, FromXmm, FromMemory16Aligned>();

    /// <summary>MMX with MMX or 8 bytes.</summary>
    public static InstructionBinding Mmx<TInsn>()
        where TInsn : struct, IVectorBinary => From<OfBinary<TInsn>, ToMmx, FromMmx, FromMemory8>();

    /// <summary>MMX from MMX or 8 bytes alone.</summary>
    public static InstructionBinding MmxUnary<TInsn>()
        where TInsn : struct, IVectorUnary => From<OfUnary<TInsn>, ToMmx, FromMmx, FromMemory8>();

    /// <summary>MMX with MMX or 8 bytes and an immediate.</summary>
    public static InstructionBinding MmxImmediate<TInsn>()
        where TInsn : struct, IVectorImmediate => From<TInsn, ToMmx, FromMmx, FromMemory8>();

    /// <summary>Any form whose source may be memory.</summary>
    public static InstructionBinding From<TInsn, TDestination, TRegister, TMemory>()
        where TInsn : struct, IVectorImmediate
        where TDestination : struct, IVectorDestination
        where TRegister : struct, IVectorSource
        where TMemory : struct, IVectorSource
        => InstructionBinding.Custom(&VectorHandlers.SelectSource<TInsn, TDestination, TRegister, TMemory>);

    /// <summary>Any form whose destination may be memory.</summary>
    public static InstructionBinding To<TInsn, TRegister, TMemory, TSource>()
        where TInsn : struct, IVectorImmediate
        where TRegister : struct, IVectorDestination
        where TMemory : struct, IVectorDestination
        where TSource : struct, IVectorSource
        => InstructionBinding.Custom(&VectorHandlers.SelectDestination<TInsn, TRegister, TMemory, TSource>);

    /// <summary>A load into XMM that means one thing from XMM and another from memory.</summary>
    public static InstructionBinding Load<TInsn, TMemoryInsn, TMemory>()
        where TInsn : struct, IVectorImmediate
        where TMemoryInsn : struct, IVectorImmediate
        where TMemory : struct, IVectorSource
        => InstructionBinding.Custom(&VectorHandlers.SelectLoad<TInsn, TMemoryInsn, TMemory>);

    /// <summary>An instruction under MXCSR.</summary>
    public static InstructionBinding Float<TInsn, TDestination, TRegister, TMemory>()
        where TInsn : struct, IVectorFloat
        where TDestination : struct, IVectorDestination
        where TRegister : struct, IVectorSource
        where TMemory : struct, IVectorSource
        => InstructionBinding.Custom(&VectorHandlers.SelectFloat<TInsn, TDestination, TRegister, TMemory>);

    /// <summary>An instruction under MXCSR on XMM with XMM or a memory form.</summary>
    public static InstructionBinding XmmFloat<TInsn, TMemory>()
        where TInsn : struct, IVectorFloat
        where TMemory : struct, IVectorSource
        => Float<TInsn, ToXmm, FromXmm, TMemory>();
}
