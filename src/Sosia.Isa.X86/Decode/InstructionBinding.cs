using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;

namespace Sosia.Isa.X86.Decode;

/// <summary>Leads from a table row to its meaning.</summary>
public readonly unsafe struct InstructionBinding
{
    private InstructionBinding(
        delegate*<in DecodedInstruction, delegate*<X86State*, Op*, Op*>> select,
        delegate*<X86Cpu, Op*, void> helper,
        delegate*<ref Emitting, void> emit)
    {
        Select = select;
        HelperFunction = helper;
        Emit = emit;
    }

    /// <summary>Chooses the handler for a decoded instruction; null when <see cref="HelperFunction"/> does it all.</summary>
    internal delegate*<in DecodedInstruction, delegate*<X86State*, Op*, Op*>> Select { get; }

    /// <summary>The helper, for instructions that are not hot; null otherwise.</summary>
    internal delegate*<X86Cpu, Op*, void> HelperFunction { get; }

    /// <summary>Records the meaning in intermediate form; null when translated code calls the handler.</summary>
    internal delegate*<ref Emitting, void> Emit { get; }

    /// <summary>True when the row has a meaning: a test demands it of every row.</summary>
    public bool IsBound => Select != null || HelperFunction != null;

    /// <summary>A hot two-operand instruction, specialised by width and operand form.</summary>
    public static InstructionBinding Binary<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectBinary<TInsn>, null, &Emitting.Execute<TInsn>);

    /// <summary>A hot one-operand instruction, specialised by width and operand form.</summary>
    public static InstructionBinding Unary<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectUnary<TInsn>, null, &Emitting.Execute<TInsn>);

    /// <summary>As <see cref="Binary{TInsn}"/>, for an instruction that may be locked.</summary>
    public static InstructionBinding LockableBinary<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectLockableBinary<TInsn>, null, &Emitting.Execute<TInsn>);

    /// <summary>As <see cref="Unary{TInsn}"/>, for an instruction that may be locked.</summary>
    public static InstructionBinding LockableUnary<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectLockableUnary<TInsn>, null, &Emitting.Execute<TInsn>);

    /// <summary>A hot instruction with a register destination and a register or memory source of 16, 32 or 64 bits.</summary>
    public static InstructionBinding Load<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectLoad<TInsn>, null, &Emitting.Execute<TInsn>);

    /// <summary>An instruction whose handlers are chosen by its own selector.</summary>
    public static InstructionBinding Custom(delegate*<in DecodedInstruction, delegate*<X86State*, Op*, Op*>> select) => new(select, null, null);

    /// <summary>An instruction whose handlers are chosen by its own selector, and whose meaning is recorded by a method of its own.</summary>
    public static InstructionBinding Custom(delegate*<in DecodedInstruction, delegate*<X86State*, Op*, Op*>> select, delegate*<ref Emitting, void> emit)
        => new(select, null, emit);

    /// <summary>An instruction done by a helper: <c>static void Name(X86Cpu cpu, Op* op)</c>.</summary>
    public static InstructionBinding Helper(delegate*<X86Cpu, Op*, void> helper) => new(null, helper, null);

    /// <summary>An instruction done by a helper, and recorded by a method of its own.</summary>
    public static InstructionBinding Helper(delegate*<X86Cpu, Op*, void> helper, delegate*<ref Emitting, void> emit) => new(null, helper, emit);
}
