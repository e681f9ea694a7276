using System.Collections.Generic;
using Sosia.Isa.X86;

namespace Sosia.Theory.Host;

/// <summary>What a snippet did.</summary>
public sealed class SnippetOutcome
{
    /// <summary>How it ended.</summary>
    public required SnippetEnd End { get; init; }

    /// <summary>The exception's vector when it trapped; the interrupt's, or −1 for SYSCALL and SYSENTER, when it entered the kernel; otherwise −1.</summary>
    public int Vector { get; init; } = -1;

    /// <summary>The exception's error code; 0 where it has none.</summary>
    public uint ErrorCode { get; init; }

    /// <summary>CR2 of a page fault.</summary>
    public ulong FaultAddress { get; init; }

    /// <summary>The signal that the host's kernel made of it, or that the process died of; 0 without one.</summary>
    public int Signal { get; init; }

    /// <summary>The number of the system call that the filter stopped; −1 without one.</summary>
    public int SystemCallNumber { get; init; } = -1;

    /// <summary>The architecture of that call (AUDIT_ARCH_…): 0xc000003e x86-64, 0x40000003 i386.</summary>
    public uint SystemCallArchitecture { get; init; }

    /// <summary>The registers at the end, where they are known.</summary>
    public CellRegisters? Registers { get; init; }

    /// <summary>The data area at the end, where it is known.</summary>
    public byte[]? Data { get; init; }

    /// <summary>The results of the snippet's <see cref="Snippet.Requests"/>: negative error numbers where they failed.</summary>
    public IReadOnlyList<long> Requests { get; init; } = [];

    /// <summary>Why it was not started; null when it was.</summary>
    public string? Problem { get; init; }

    /// <summary>True when the instruction did what it does without anybody taking notice.</summary>
    public bool IsSilent => End is SnippetEnd.Completed or SnippetEnd.Transferred;

    /// <summary>Tells an exception of a snippet from the breakpoints that memory around it is filled with.</summary>
    /// <param name="vector">The exception's vector.</param>
    /// <param name="rip">The instruction pointer that it saved.</param>
    /// <param name="snippet">The snippet.</param>
    internal static SnippetEnd EndOf(int vector, ulong rip, Snippet snippet)
    {
        // A breakpoint's instruction pointer is after it. The snippet's own INT3 or INT 3 leaves it at the snippet's end at most.
        ulong breakpoint = rip - 1;
        bool isFilling = vector == ExceptionVector.Breakpoint && (breakpoint < CellLayout.Code || breakpoint >= snippet.End);
        return !isFilling ? SnippetEnd.Trapped : breakpoint == snippet.End ? SnippetEnd.Completed : SnippetEnd.Transferred;
    }
}
