using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Disassembly;

namespace Sosia.Theory.Host;

/// <summary>Makes snippets: the state that every one of them starts with, and code written by hand.</summary>
public static class SnippetMaker
{
    /// <summary>Where a snippet's code begins.</summary>
    public const uint CodeAddress = CellLayout.Code;

    /// <summary>Where its data begin.</summary>
    public const uint DataAddress = CellLayout.Data;

    /// <summary>How many bytes of data it has, the stack included.</summary>
    public const int DataByteCount = CellLayout.DataByteCount;

    /// <summary>Linux's selector of 32-bit user code.</summary>
    public const ushort UserCode32 = 0x23;

    /// <summary>Linux's selector of user data.</summary>
    public const ushort UserData = 0x2b;

    /// <summary>Linux's selector of 64-bit user code.</summary>
    public const ushort UserCode64 = 0x33;

    // IF, as in every program, the bit that is always 1, and OF, so that INTO has something to do.
    private const ulong InitialFlags = 0xa02;

    // What POPF and IRET ask for: interrupts off, all ports allowed.
    private const uint WantedFlags = 0x3002;
    private const uint Port = 0x80;

    // System calls of 32-bit Linux and of Windows: one whose gate user mode may pass, and one whose it may not.
    private static readonly uint[] Interrupts = [0x80, 0x2e];

    /// <summary>A snippet of given bytes.</summary>
    /// <param name="text">What it is, for reports.</param>
    /// <param name="code">Its bytes; at most 256.</param>
    /// <param name="codeBits">64 or 32.</param>
    /// <param name="requests">System calls of the set-up.</param>
    public static Snippet FromBytes(string text, ReadOnlySpan<byte> code, int codeBits = 64, params CellCall[] requests) => new()
    {
        Text = text,
        Code = code.ToArray(),
        CodeBits = codeBits,
        Registers = InitialRegisters(codeBits),
        Data = InitialData(),
        Requests = requests,
    };

    /// <summary>All snippets of the rows that the table calls privileged or sensitive.</summary>
    /// <param name="codeBits">64 or 32.</param>
    public static IEnumerable<Snippet> OfSensitiveRows(int codeBits)
    {
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.Virtualization == VirtualizationClass.Innocuous)
            {
                continue;
            }

            uint[] immediates = row.Mnemonic == "int" ? Interrupts : [row.Operands.Length > 0 && row.Operands[0].Kind == OperandKind.FarPointer ? CellLayout.Landing : row.Mnemonic == "retf" ? 0 : Port];
            foreach (uint immediate in immediates)
            {
                if (RowEncoder.Encode(row, codeBits, immediate) is { } code)
                {
                    yield return FromRow(row, code, codeBits);
                }
            }
        }
    }

    private static Snippet FromRow(InstructionRow row, byte[] code, int codeBits)
    {
        byte[] data = InitialData();
        ushort codeSelector = codeBits == 64 ? UserCode64 : UserCode32;
        // Far pointers in memory: code for transfers, data for loads of segment registers.
        bool isTransfer = row.Family == "far";
        Put32(data, CellLayout.Operand, isTransfer ? CellLayout.Landing : CellLayout.Data);
        Put32(data, CellLayout.Operand + 4, isTransfer ? codeSelector : UserData);
        if (row.Mnemonic is "iret" or "retf")
        {
            // The default operand size is 32 bits in 64-bit code too.
            uint[] frame = [CellLayout.Landing, codeSelector, WantedFlags, CellLayout.Stack, UserData];
            for (int i = 0; i < frame.Length; i++)
            {
                Put32(data, CellLayout.Stack + (uint)(4 * i), frame[i]);
            }
        }
        else if (row.Mnemonic is "pop" or "popf")
        {
            Put32(data, CellLayout.Stack, row.Mnemonic == "pop" ? UserData : WantedFlags);
            Put32(data, CellLayout.Stack + 4, 0);
        }

        else if (row.Mnemonic is "lgdt" or "lidt")
        {
            // At privilege level 0 the tables that the machine has, so that it goes on.
            (ushort limit, uint address) = row.Mnemonic == "lgdt" ? ProbeKernel.DescriptorTable : ProbeKernel.InterruptTable;
            Put32(data, CellLayout.Operand, limit | (address << 16));
            Put32(data, CellLayout.Operand + 4, address >> 16);
            Put32(data, CellLayout.Operand + 8, 0);
        }

        CellRegisters registers = InitialRegisters(codeBits);
        if (row.Mnemonic == "rdmsr")
        {
            registers.General[1] = Msr.Pat;
        }

        return new Snippet
        {
            Row = row,
            Text = Disassembler.Disassemble(code, codeBits, CellLayout.Code, out _),
            Code = code,
            CodeBits = codeBits,
            Registers = registers,
            Data = data,
        };
    }

    private static void Put32(byte[] data, uint address, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan((int)(address - CellLayout.Data)), value);

    /// <summary>The registers that snippets start with: what instructions read is chosen so that most of them can succeed.</summary>
    internal static CellRegisters InitialRegisters(int codeBits)
    {
        var registers = new CellRegisters { Rip = CellLayout.Code, Rflags = InitialFlags };
        // CPUID leaf 1; counter, MSR and XCR 0 (RDMSR: the page attributes, which every processor has); port 0x80; a selector of data.
        registers.General[0] = 1;
        registers.General[1] = 0;
        registers.General[2] = 0x80;
        registers.General[3] = UserData;
        registers.General[4] = CellLayout.Stack;
        registers.General[5] = CellLayout.Operand;
        registers.General[6] = CellLayout.Operand;
        registers.General[7] = CellLayout.Operand + 0x100;
        for (int i = 8; i < 16 && codeBits == 64; i++)
        {
            registers.General[i] = 0x1111_1111_1111_1111 * (ulong)i;
        }

        registers.Segments[0] = codeBits == 64 ? (ushort)0 : UserData;
        registers.Segments[1] = codeBits == 64 ? UserCode64 : UserCode32;
        registers.Segments[2] = UserData;
        registers.Segments[3] = registers.Segments[0];
        return registers;
    }

    internal static byte[] InitialData()
    {
        byte[] data = new byte[CellLayout.DataByteCount];
        data.AsSpan().Fill(0xa5);
        return data;
    }
}
