using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Sosia.Jit.X64.Tests.Oracle;

/// <summary>
/// Code and what GNU objdump must say about it, instruction by instruction. GNU as in turn assembles the expected text, and ours must
/// not be longer: so both the meaning and the choice of the shortest form are checked by programs that we did not write.
/// </summary>
internal sealed unsafe class Listing
{
    /// <summary>The execute address of the first byte.</summary>
    public const long Origin = 0x1000_0000;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(4 << 20, pinned: true);
    private readonly List<(int Position, string Text, bool OnlyHere)> _expected = [];

    public Listing()
    {
        fixed (byte* start = _buffer)
        {
            // SAFETY: the array is pinned for its whole life.
            Assembler.Begin(start, (byte*)Origin, _buffer.Length);
        }
    }

    public Assembler Assembler { get; } = new();

    /// <summary>Emits one instruction.</summary>
    /// <param name="text">What objdump says, with single spaces.</param>
    /// <param name="emit">Emits it.</param>
    public void Expect(string text, Action<Assembler> emit) => Add(text, emit, onlyHere: false);

    /// <summary>The same for an instruction whose bytes depend on where it is, so that its length cannot be compared.</summary>
    public void ExpectHere(string text, Action<Assembler> emit) => Add(text, emit, onlyHere: true);

    public void Check()
    {
        Assert.False(Assembler.Overflowed);
        Assert.NotEmpty(_expected);
        string directory = Directory.CreateTempSubdirectory("sosia-encoder-").FullName;
        try
        {
            string binary = Path.Combine(directory, "code.bin");
            File.WriteAllBytes(binary, _buffer.AsSpan(0, Assembler.Position));
            List<(int Position, string Text)> actual = Disassemble(
                "-D", "-b", "binary", "-m", "i386:x86-64", $"--adjust-vma={Origin}", binary);
            Assert.Equal(_expected.Select(e => Line(e.Position, e.Text)), actual.Select(a => Line(a.Position, a.Text)));
            CheckLengths(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Line(int position, string text) => $"{position:x}: {text}";

    private void Add(string text, Action<Assembler> emit, bool onlyHere)
    {
        _expected.Add((Assembler.Position, text, onlyHere));
        emit(Assembler);
    }

    private void CheckLengths(string directory)
    {
        List<(string Text, int Length)> ours = [];
        for (int i = 0; i < _expected.Count; i++)
        {
            int end = i + 1 < _expected.Count ? _expected[i + 1].Position : Assembler.Position;
            if (!_expected[i].OnlyHere)
            {
                ours.Add((_expected[i].Text, end - _expected[i].Position));
            }
        }

        if (ours.Count == 0)
        {
            return;
        }

        string source = Path.Combine(directory, "code.s");
        string assembled = Path.Combine(directory, "code.o");
        File.WriteAllText(source, ".intel_syntax noprefix\n" + string.Concat(ours.Select(o => o.Text + "\n")) + "int3\n");
        Run("as", "--64", "-o", assembled, source);
        List<(int Position, string Text)> theirs = Disassemble("-d", assembled);
        Assert.Equal(ours.Count + 1, theirs.Count);
        List<string> longer = [];
        for (int i = 0; i < ours.Count; i++)
        {
            int length = theirs[i + 1].Position - theirs[i].Position;
            if (ours[i].Length > length)
            {
                longer.Add($"{ours[i].Text}: {ours[i].Length} bytes, GNU as needs {length}");
            }
        }

        Assert.Empty(longer);
    }

    private static List<(int Position, string Text)> Disassemble(params string[] arguments)
    {
        string output = Run("objdump", ["-M", "intel", "-w", "-z", "--no-show-raw-insn", .. arguments]);
        List<(int Position, string Text)> lines = [];
        foreach (string line in output.Split('\n'))
        {
            int tab = line.IndexOf(":\t", StringComparison.Ordinal);
            if (tab >= 0)
            {
                long address = long.Parse(line.AsSpan(0, tab), NumberStyles.HexNumber | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
                string text = string.Join(' ', line[(tab + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries));


                // The comment after it names the target, which is what matters.
                lines.Add(((int)(address & 0xFFF_FFFF), Regex.Replace(text, @"\[rip[+-]0x[0-9a-f]+\]", "[rip]")));
            }
        }

        return lines;
    }

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        StringBuilder errors = new();
        using var process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        Assert.True(process.Start(), $"{program} (Debian's package binutils) does not start");
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {errors}");
        return output;
    }
}
