using System.Collections.Generic;

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
}
