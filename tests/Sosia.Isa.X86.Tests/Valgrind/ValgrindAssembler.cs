using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>Assembles the instructions of many cases in one run of GNU <c>as</c>.</summary>
internal static class ValgrindAssembler
{
    // An instruction has at most 15 bytes; the byte after it ends it, so that our decoder's idea of its length is checked too.
    private const int SlotBytes = 16;
    private const byte End = 0xf4;

    /// <summary>The assembler; null where there is none.</summary>
    public static readonly string? ProgramPath =
        Find("as") is { } assembler && Find("objcopy") is not null ? assembler : null;

    /// <summary>Assembles.</summary>
    /// <returns>The bytes of each case's instruction.</returns>
    public static List<byte[]> Assemble(IEnumerable<ValgrindCase> cases, int codeBits)
    {
        string folder = Directory.CreateTempSubdirectory("sosia-valgrind-").FullName;
        try
        {
            string source = Path.Combine(folder, "cases.s");
            string binary = Path.Combine(folder, "cases.bin");
            File.WriteAllLines(source, cases.Select(c => $"{c.ToText(codeBits)}\n.byte {End}\n.balign {SlotBytes}, 0"));
            Run(ProgramPath!, $"--{codeBits}", "-o", source + ".o", source);
            Run("objcopy", "-O", "binary", "-j", ".text", source + ".o", binary);
            return [.. File.ReadAllBytes(binary).Chunk(SlotBytes).Select(slot => slot[..Array.LastIndexOf(slot, End)])];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with status {process.ExitCode}: {errors}");
        }
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
