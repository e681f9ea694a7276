using Sosia.Isa.X86.Execution;

namespace Sosia.Isa.X86.Decode;

/// <summary>One row of the instruction table: encoding, name, operands, properties and meaning.</summary>
public sealed unsafe class InstructionRow
{
    internal InstructionRow(int id, string family, Encoding encoding, string mnemonic, OperandSpec[] operands, InstructionBinding binding, VirtualizationClass virtualization, RowFlags flags, CpuFeature feature)
    {
        Id = (ushort)id;
        Family = family;
        Encoding = encoding;
        Mnemonic = mnemonic;
        Operands = operands;
        Binding = binding;
        Virtualization = virtualization;
        Flags = flags;
        Feature = feature;
    }

    /// <summary>Its index in <see cref="InstructionTable.Rows"/>.</summary>
    public ushort Id { get; }

    /// <summary>The group of rows that it was declared in ("alu", "system", …).</summary>
    public string Family { get; }

    /// <summary>Its encoding.</summary>
    public Encoding Encoding { get; }

    /// <summary>The manual's mnemonic, lower case.</summary>
    public string Mnemonic { get; }

    /// <summary>Its operands in the manual's order, at most four.</summary>
    public OperandSpec[] Operands { get; }

    /// <summary>Its meaning.</summary>
    public InstructionBinding Binding { get; }

    /// <summary>Its class under Popek and Goldberg.</summary>
    public VirtualizationClass Virtualization { get; }

    /// <summary>Its properties.</summary>
    public RowFlags Flags { get; }

    /// <summary>The CPUID feature that announces it.</summary>
    public CpuFeature Feature { get; }

    /// <summary>The helper that does it; only for rows bound to one.</summary>
    internal delegate*<X86Cpu, Op*, void> Helper => Binding.HelperFunction;

    /// <summary>"encoding mnemonic operands", for reports.</summary>
    public override string ToString()
        => $"{Encoding.Text} {Mnemonic} {string.Join(',', System.Array.ConvertAll(Operands, o => o.Text))}".TrimEnd();
}
