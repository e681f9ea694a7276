using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Decode;

/// <summary>Leads from a table row to its meaning.</summary>
public readonly unsafe struct InstructionBinding
{
    private InstructionBinding(delegate*<in DecodedInstruction, delegate*<X86State*, Op*, Op*>> select, delegate*<X86Cpu, Op*, void> helper)
    {
        Select = select;
        HelperFunction = helper;
    }

    /// <summary>Chooses the handler for a decoded instruction; null when <see cref="HelperFunction"/> does it all.</summary>
    internal delegate*<in DecodedInstruction, delegate*<X86State*, Op*, Op*>> Select { get; }

    /// <summary>The helper, for instructions that are not hot; null otherwise.</summary>
    internal delegate*<X86Cpu, Op*, void> HelperFunction { get; }

    /// <summary>True when the row has a meaning: a test demands it of every row.</summary>
    public bool IsBound => Select != null || HelperFunction != null;

    /// <summary>A hot two-operand instruction, specialised by width and operand form.</summary>
    public static InstructionBinding Binary<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectBinary<TInsn>, null);

    /// <summary>A hot one-operand instruction, specialised by width and operand form.</summary>
    public static InstructionBinding Unary<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectUnary<TInsn>, null);

    /// <summary>A hot instruction with a register destination and a register or memory source of 16, 32 or 64 bits.</summary>
    public static InstructionBinding Load<TInsn>()
        where TInsn : struct, IInstruction => new(&Handlers.SelectLoad<TInsn>, null);

    /// <summary>An instruction whose handlers are chosen by its own selector.</summary>
    public static InstructionBinding Custom(delegate*<in DecodedInstruction, delegate*<X86State*, Op*, Op*>> select) => new(select, null);

    /// <summary>An instruction done by a helper: <c>static void Name(X86Cpu cpu, Op* op)</c>.</summary>
    public static InstructionBinding Helper(delegate*<X86Cpu, Op*, void> helper) => new(null, helper);
}
