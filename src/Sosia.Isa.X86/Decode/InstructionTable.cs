using System;
using System.Collections.Generic;
using Sosia.Isa.X86.Decode.Rows;

namespace Sosia.Isa.X86.Decode;

/// <summary>
/// Every x86 instruction, one row per encoding and operand form. Decoder, interpreter, disassembler, generators, coverage and the
/// Popek–Goldberg analysis are all derived from these rows.
/// </summary>
public static class InstructionTable
{
    private const int Maps = 8;

    private static readonly InstructionRow[]?[] ByOpcode = new InstructionRow[]?[Maps * 256];

    static InstructionTable()
    {
        var builder = new RowBuilder();
        AluRows.Add(builder);
        NearRows.Add(builder);
        ShiftRows.Add(builder);
        MultiplyRows.Add(builder);
        BitRows.Add(builder);
        StringRows.Add(builder);
        MiscRows.Add(builder);
        X87Rows.Add(builder);
        VectorMoveRows.Add(builder);
        VectorIntegerRows.Add(builder);
        VectorFloatRows.Add(builder);
        VectorSpecialRows.Add(builder);
        VexMoveRows.Add(builder);
        VexIntegerRows.Add(builder);
        VexFloatRows.Add(builder);
        VexMemoryRows.Add(builder);
        FusedRows.Add(builder);
        ControlRows.Add(builder);
        SystemRows.Add(builder);
        IoRows.Add(builder);
        Rows = builder.Build();
        var lists = new List<InstructionRow>?[Maps * 256];
        foreach (InstructionRow row in Rows)
        {
            Encoding encoding = row.Encoding;
            int last = encoding.OpcodeHasRegister ? encoding.Opcode + 7 : encoding.Opcode;
            for (int opcode = encoding.Opcode; opcode <= last; opcode++)
            {
                (lists[(encoding.Map * 256) + opcode] ??= []).Add(row);
            }
        }

        for (int i = 0; i < lists.Length; i++)
        {
            if (lists[i] is { } list)
            {
                // Most specific first: a row with a fixed ModRM byte before one with a digit, a mandatory prefix before any prefix.
                InstructionRow[] rows = [.. list];
                int[] keys = Array.ConvertAll(rows, r => -Specificity(r));
                Array.Sort(keys, rows);
                ByOpcode[i] = rows;
            }
        }
    }

    /// <summary>All rows; a row's <see cref="InstructionRow.Id"/> is its index.</summary>
    public static InstructionRow[] Rows { get; }

    /// <summary>The rows that share an opcode byte, most specific first; empty when there are none.</summary>
    /// <param name="map">0 one-byte opcodes, 1 0F, 2 0F38, 3 0F3A; with VEX 4 more.</param>
    /// <param name="opcode">The opcode byte.</param>
    public static ReadOnlySpan<InstructionRow> At(int map, byte opcode) => ByOpcode[(map * 256) + opcode];

    private static int Specificity(InstructionRow row)
    {
        Encoding e = row.Encoding;
        int score = 0;
        score += e.ModRmByte >= 0 ? (e.ModRmHasRegister ? 24 : 32) : 0;
        score += e.RegDigit >= 0 ? 8 : 0;
        score += e.Prefix > 0 ? 4 : e.Prefix == Encoding.NoPrefix ? 2 : 0;
        score += e.OperandBits != 0 || e.RexW || e.NoRexB ? 1 : 0;
        return (score * 4096) - row.Id;
    }
}
