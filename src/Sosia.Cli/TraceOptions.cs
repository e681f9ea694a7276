using System;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>What <c>--trace</c> says: <c>exec,int,mem,io,mmu,file=F</c>.</summary>
internal sealed record TraceOptions
{
    /// <summary>Every instruction.</summary>
    public bool Instructions { get; private init; }

    /// <summary>Interrupts and exceptions.</summary>
    public bool Interrupts { get; private init; }

    /// <summary>Accesses to device registers in memory.</summary>
    public bool Memory { get; private init; }

    /// <summary>Accesses to ports.</summary>
    public bool Ports { get; private init; }

    /// <summary>Page walks.</summary>
    public bool PageWalks { get; private init; }

    /// <summary>The file to write; null for standard error.</summary>
    public string? File { get; private init; }

    public static TraceOptions Parse(string text)
    {
        var options = new TraceOptions();
        foreach (string part in text.Split(','))
        {
            options = part switch
            {
                "exec" => options with { Instructions = true },
                "int" => options with { Interrupts = true },
                "mem" => options with { Memory = true },
                "io" => options with { Ports = true },
                "mmu" => options with { PageWalks = true },
                _ when part.StartsWith("file=", StringComparison.Ordinal) && part.Length > "file=".Length => options with { File = part["file=".Length..] },
                _ => throw new SosiaException($"The trace '{part}' is unknown; choose from exec, int, mem, io, mmu and file=F."),
            };
        }

        return options.Instructions || options.Interrupts || options.Memory || options.Ports || options.PageWalks
            ? options
            : throw new SosiaException($"The trace '{text}' names nothing to trace; choose from exec, int, mem, io and mmu.");
    }
}
