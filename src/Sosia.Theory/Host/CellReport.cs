using System;
using System.Buffers.Binary;

namespace Sosia.Theory.Host;

/// <summary>
/// Reads what a cell left in its shared memory. A snippet may have written anything there, so nothing is believed: a wrong address gives no report, a wrong value a wrong
/// report about that snippet, and nothing else.
/// </summary>
internal static class CellReport
{
    // struct ucontext, from uc_mcontext on: registers in the kernel's order, by their encoding number.
    private const int ContextRegisters = 40;
    private const int ContextByteCount = ContextRegisters + (23 * 8);
    private const int InformationByteCount = 32;

    private static readonly byte[] RegisterOrder = [8, 9, 10, 11, 12, 13, 14, 15, 7, 6, 5, 3, 2, 0, 1, 4];

    /// <summary>True when the cell's set-up was complete and the snippet was entered.</summary>
    public static bool HasEntered(ReadOnlySpan<byte> shared) => Field(shared, CellLayout.EnteredField) != 0;

    /// <summary>How many system calls of the set-up were made.</summary>
    public static int CallsDone(ReadOnlySpan<byte> shared) => (int)Math.Min(Field(shared, CellLayout.CallsDoneField), CellLayout.MaxCalls);

    /// <summary>The result of a system call of the set-up.</summary>
    public static long CallResult(ReadOnlySpan<byte> shared, int index)
        => BinaryPrimitives.ReadInt64LittleEndian(shared[(CellLayout.CallsOffset + (index * CellLayout.CallByteCount) + (7 * 8))..]);

    /// <summary>Reads the signal handler's report.</summary>
    /// <returns>Null when there is none.</returns>
    public static SnippetOutcome? Read(ReadOnlySpan<byte> shared, Snippet snippet, long[] requests)
    {
        int signal = (int)Field(shared, CellLayout.SignalField);
        if (signal == 0 || !Find(shared, CellLayout.ContextField, ContextByteCount, out ReadOnlySpan<byte> context)
            || !Find(shared, CellLayout.InformationField, InformationByteCount, out ReadOnlySpan<byte> information))
        {
            return null;
        }

        context = context[ContextRegisters..];
        var registers = new CellRegisters { Rip = Word(context, 16), Rflags = Word(context, 17) };
        for (int i = 0; i < RegisterOrder.Length; i++)
        {
            registers.General[RegisterOrder[i]] = Word(context, i);
        }

        ulong selectors = Word(context, 18);
        registers.Segments[0] = (ushort)Field(shared, CellLayout.DataSegmentsField + 8);
        registers.Segments[1] = (ushort)selectors;
        registers.Segments[2] = (ushort)(selectors >> 48);
        registers.Segments[3] = (ushort)Field(shared, CellLayout.DataSegmentsField);
        registers.Segments[4] = (ushort)Field(shared, CellLayout.DataSegmentsField + 16);
        registers.Segments[5] = (ushort)Field(shared, CellLayout.DataSegmentsField + 24);
        bool isSystemCall = signal == LinuxCall.SignalSystemCall;
        int vector = (int)Word(context, 20);
        return new SnippetOutcome
        {
            End = isSystemCall ? SnippetEnd.EnteredKernel : SnippetOutcome.EndOf(vector, registers.Rip, snippet),
            Vector = isSystemCall ? -1 : vector,
            ErrorCode = isSystemCall ? 0 : (uint)Word(context, 19),
            FaultAddress = vector == Isa.X86.ExceptionVector.PageFault ? Word(context, 22) : 0,
            Signal = signal,
            SystemCallNumber = isSystemCall ? BinaryPrimitives.ReadInt32LittleEndian(information[24..]) : -1,
            SystemCallArchitecture = isSystemCall ? BinaryPrimitives.ReadUInt32LittleEndian(information[28..]) : 0,
            Registers = registers,
            Data = shared.Slice(CellLayout.DataOffset, CellLayout.DataByteCount).ToArray(),
            Requests = requests,
        };
    }

    private static bool Find(ReadOnlySpan<byte> shared, int field, int byteCount, out ReadOnlySpan<byte> found)
    {
        ulong offset = Field(shared, field) - CellLayout.Shared;
        bool isInside = offset >= CellLayout.SignalStackOffset && offset <= (ulong)(CellLayout.SignalStackOffset + CellLayout.SignalStackByteCount - byteCount);
        found = isInside ? shared.Slice((int)offset, byteCount) : default;
        return isInside;
    }

    private static ulong Field(ReadOnlySpan<byte> shared, int field) => BinaryPrimitives.ReadUInt64LittleEndian(shared[(CellLayout.ReportOffset + field)..]);

    private static ulong Word(ReadOnlySpan<byte> words, int index) => BinaryPrimitives.ReadUInt64LittleEndian(words[(8 * index)..]);
}
