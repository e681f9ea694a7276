using System;
using System.Collections.Generic;

namespace Sosia.Isa.X86.Decode;

/// <summary>Collects the rows of the instruction table.</summary>
internal sealed class RowBuilder
{
    private readonly List<InstructionRow> _rows = [];
    private string _family = string.Empty;
    private CpuFeature _feature;

    /// <summary>Starts a group: rows that follow belong to it.</summary>
    public void Family(string name, CpuFeature feature = CpuFeature.Base)
    {
        _family = name;
        _feature = feature;
    }

    /// <summary>Adds a row.</summary>
    /// <param name="encoding">See <see cref="Encoding"/>.</param>
    /// <param name="mnemonic">The manual's mnemonic, lower case.</param>
    /// <param name="operands">Comma-separated, in Intel's opcode-map notation ("Ev,Gv"); see <see cref="OperandKind"/> and <see cref="OperandSpec"/>.</param>
    /// <param name="binding">The meaning.</param>
    /// <param name="flags">Properties.</param>
    /// <param name="kind">The class under Popek and Goldberg.</param>
    /// <param name="feature">When it differs from the group's.</param>
    public void Row(string encoding, string mnemonic, string operands, InstructionBinding binding, RowFlags flags = RowFlags.None, VirtualizationClass kind = VirtualizationClass.Innocuous, CpuFeature? feature = null)
        => _rows.Add(new InstructionRow(_rows.Count, _family, new Encoding(encoding), mnemonic, ParseOperands(operands), binding, kind, flags, feature ?? _feature));

    /// <summary>Adds a row of another group than the current one.</summary>
    /// <param name="family">The group.</param>
    /// <param name="feature">The CPUID feature.</param>
    /// <param name="encoding">See <see cref="Encoding"/>.</param>
    /// <param name="mnemonic">The manual's mnemonic, lower case.</param>
    /// <param name="operands">As in the other overload.</param>
    /// <param name="binding">The meaning.</param>
    /// <param name="flags">Properties.</param>
    public void RowOf(string family, CpuFeature feature, string encoding, string mnemonic, string operands, InstructionBinding binding, RowFlags flags = RowFlags.None)
        => _rows.Add(new InstructionRow(_rows.Count, family, new Encoding(encoding), mnemonic, ParseOperands(operands), binding, VirtualizationClass.Innocuous, flags, feature));

    /// <summary>The rows in the order in which they were added.</summary>
    public InstructionRow[] Build() => [.. _rows];

    private static OperandSpec[] ParseOperands(string operands)
        => operands.Length == 0 ? [] : Array.ConvertAll(operands.Split(','), ParseOperand);

    private static OperandSpec ParseOperand(string text)
    {
        switch (text)
        {
            case "AL": return new(OperandKind.FixedGeneral, 'b', 0, text);
            case "CL": return new(OperandKind.FixedGeneral, 'b', 1, text);
            case "AX": return new(OperandKind.FixedGeneral, 'w', 0, text);
            case "DX": return new(OperandKind.FixedGeneral, 'w', 2, text);
            case "rAX": return new(OperandKind.FixedGeneral, 'v', 0, text);
            case "eAX": return new(OperandKind.FixedGeneral, 'z', 0, text);
            case "1": return new(OperandKind.One, 'b', 0, text);
            case "ES": return new(OperandKind.FixedSegment, 'v', 0, text);
            case "CS": return new(OperandKind.FixedSegment, 'v', 1, text);
            case "SS": return new(OperandKind.FixedSegment, 'v', 2, text);
            case "DS": return new(OperandKind.FixedSegment, 'v', 3, text);
            case "FS": return new(OperandKind.FixedSegment, 'v', 4, text);
            case "GS": return new(OperandKind.FixedSegment, 'v', 5, text);
            case "XMM0" or "ST0": return new(OperandKind.FixedOther, '\0', 0, text);
            case "STi": return new(OperandKind.X87Opcode, 't', 0, text);
            default: break;
        }

        OperandKind kind = text[0] switch
        {
            'E' => OperandKind.GeneralRm,
            'R' => OperandKind.GeneralRmRegister,
            'M' => OperandKind.Memory,
            'G' => OperandKind.GeneralReg,
            'Z' => OperandKind.GeneralOpcode,
            'B' => OperandKind.GeneralVex,
            'I' => OperandKind.Immediate,
            'J' => OperandKind.Relative,
            'A' => OperandKind.FarPointer,
            'O' => OperandKind.MemoryOffset,
            'S' => OperandKind.SegmentReg,
            'C' => OperandKind.ControlReg,
            'D' => OperandKind.DebugReg,
            'V' => OperandKind.VectorReg,
            'W' => OperandKind.VectorRm,
            'U' => OperandKind.VectorRmRegister,
            'H' => OperandKind.VectorVex,
            'L' => OperandKind.VectorImmediate,
            'P' => OperandKind.MmxReg,
            'Q' => OperandKind.MmxRm,
            'N' => OperandKind.MmxRmRegister,
            _ => throw new FormatException($"The instruction table has an unknown operand '{text}'."),
        };
        return new OperandSpec(kind, text.Length > 1 ? text[1] : '\0', 0, text);
    }
}
