using System;
using System.Collections.Generic;
using System.Globalization;
using Sosia.Isa.X86;

namespace Sosia.Theory.Host;

/// <summary>Says in a few words what a snippet did, and compares what two did.</summary>
internal static class OutcomeText
{
    // What a program sees of RFLAGS; RF is the kernel's image only.
    private const ulong VisibleFlags = 0x26_7fd5;
    private const int MaxShownBytes = 16;

    private static readonly string[] Names64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    private static readonly string[] Names32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
    private static readonly string[] Segments = ["es", "cs", "ss", "ds", "fs", "gs"];

    /// <summary>How it ended: "#GP(0)", "enters the kernel", "completes".</summary>
    public static string End(SnippetOutcome outcome) => outcome.End switch
    {
        SnippetEnd.Completed or SnippetEnd.Transferred => "completes",
        SnippetEnd.Trapped when HasErrorCode(outcome) => $"{ExceptionNames.Of(outcome.Vector)}(0x{outcome.ErrorCode:x})",
        SnippetEnd.Trapped => ExceptionNames.Of(outcome.Vector),
        SnippetEnd.EnteredKernel => "enters the kernel",
        SnippetEnd.TimedOut => "never ends",
        SnippetEnd.Died when outcome.Signal != 0 => $"died of signal {outcome.Signal}",
        SnippetEnd.Died => outcome.Problem ?? "goes astray",
        _ => "not asked",
    };

    /// <summary>What it changed, as far as a program sees it; the stack pointer and the instruction pointer go without saying.</summary>
    public static string Changes(Snippet snippet, SnippetOutcome outcome)
    {
        if (outcome.Registers is not { } after || outcome.Data is not { } data)
        {
            return string.Empty;
        }

        List<string> changes = [];
        string[] names = snippet.CodeBits == 64 ? Names64 : Names32;
        for (int i = 0; i < names.Length; i++)
        {
            if (i != 4 && after.General[i] != snippet.Registers.General[i])
            {
                changes.Add(string.Create(CultureInfo.InvariantCulture, $"{names[i]}=0x{after.General[i]:x}"));
            }
        }

        ulong flags = (after.Rflags ^ snippet.Registers.Rflags) & VisibleFlags;
        if (flags != 0)
        {
            changes.Add(string.Create(CultureInfo.InvariantCulture, $"flags=0x{after.Rflags & VisibleFlags:x}"));
        }

        for (int i = 0; i < Segments.Length; i++)
        {
            if (after.Segments[i] != snippet.Registers.Segments[i])
            {
                changes.Add(string.Create(CultureInfo.InvariantCulture, $"{Segments[i]}=0x{after.Segments[i]:x}"));
            }
        }

        int first = snippet.Data.AsSpan().CommonPrefixLength(data);
        if (first < data.Length)
        {
            int last = data.Length - 1;
            while (data[last] == snippet.Data[last])
            {
                last--;
            }

            ReadOnlySpan<byte> written = data.AsSpan(first, Math.Min(last - first + 1, MaxShownBytes));
            changes.Add($"memory={Convert.ToHexStringLower(written)}");
        }

        return string.Join(' ', changes);
    }

    /// <summary>True when both ended alike: the same exception with the same error code, the same service, or both completed.</summary>
    public static bool EndsAlike(SnippetOutcome one, SnippetOutcome other)
        => one.End == other.End && (one.End != SnippetEnd.Trapped || (one.Vector == other.Vector && one.ErrorCode == other.ErrorCode));

    /// <summary>True when a program sees the same afterwards.</summary>
    public static bool LooksAlike(SnippetOutcome one, SnippetOutcome other, bool withSelectors)
    {
        return one.Registers is { } a && other.Registers is { } b
            && a.General.AsSpan().SequenceEqual(b.General)
            && ((a.Rflags ^ b.Rflags) & VisibleFlags & ~ControlBits.Iopl) == 0
            && (!withSelectors || a.Segments.AsSpan().SequenceEqual(b.Segments))
            && one.Data.AsSpan().SequenceEqual(other.Data);
    }

    private static bool HasErrorCode(SnippetOutcome outcome) => ProbeKernel.HasErrorCode(outcome.Vector);
}
