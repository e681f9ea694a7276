using System;

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

    // IF, as in every program, and the bit that is always 1.
    private const ulong InitialFlags = 0x202;

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

    /// <summary>The registers that snippets start with: what instructions read is chosen so that most of them can succeed.</summary>
    internal static CellRegisters InitialRegisters(int codeBits)
    {
        var registers = new CellRegisters { Rip = CellLayout.Code, Rflags = InitialFlags };
        // CPUID leaf 1; counter, MSR and XCR 0; port 0x80; a selector of data.
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
