using System;
using System.IO;
using System.Runtime.CompilerServices;
using Sosia.Control.Inspection;
using Sosia.Core.Execution;
using Sosia.Isa.X86;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests.Golden;

/// <summary>
/// What becomes of a few small blocks, as text for people to read: guest code, intermediate code, host code. A change of the translator shows here; when it is
/// meant, <c>tests/tools/accept-golden.sh</c> writes the files anew, and the difference is reviewed as any other.
/// </summary>
public sealed class GoldenTests
{
    [Theory]
    [InlineData("add-registers", "01d8 4883c305 eb00")]
    [InlineData("load-subtract-branch", "482b4308 75fa")]
    [InlineData("load-modify-store", "48014310 ff03 eb00")]
    [InlineData("partial-registers", "b005 00dc 6601d8 eb00")]
    [InlineData("shifts", "d3e0 48c1c303 c1f904 eb00")]
    [InlineData("multiply-divide", "480fafc3 48f7e3 31d2 48f7f6 eb00")]
    [InlineData("conditional-move", "85c0 0f44d9 0f95c2 eb00")]
    [InlineData("carry-chain", "4801d8 4811ca 4819de 72f5")]
    [InlineData("call-push-pop", "53 5b e800000000")]
    [InlineData("return", "4883c408 c3")]
    [InlineData("indirect-jump", "ffe0")]
    [InlineData("locked-exchange-add", "f00fc103 eb00")]
    [InlineData("float-vectors", "0f58c1 0f2813 660fefd2 eb00")]
    [InlineData("double-scalars", "f20f59c1 f2480f2ac8 660f2ec1 7a00")]
    [InlineData("x87-stack", "d9c2 d8ca d9cb dec9 eb00")]
    [InlineData("x87-memory-compare", "dd03 dff1 7700")]
    [InlineData("x87-control", "d92b dfe0 eb00")]
    [InlineData("handler-in-the-middle", "ffc0 0fa2 ffc3 eb00")]
    [InlineData("protected-stack", "a100000200 8b4c9804 51 c3", 32)]
    [InlineData("protected-segments", "65034304 2689430c eb00", 32)]
    public void A_block_is_translated_as_the_file_says(string name, string code, int codeBits = 64)
    {
        string actual = Translate(Convert.FromHexString(code.Replace(" ", string.Empty, StringComparison.Ordinal)), codeBits);
        string file = Path.Combine(Folder(), name + ".txt");
        if (Environment.GetEnvironmentVariable("SOSIA_ACCEPT_GOLDEN") == "1")
        {
            File.WriteAllText(file, actual);
            return;
        }

        Assert.True(File.Exists(file), $"The file {file} is missing; tests/tools/accept-golden.sh writes it.");
        string expected = File.ReadAllText(file);
        Assert.True(expected == actual, $"The translation of '{name}' is another one than {file} says. If that is meant, run tests/tools/accept-golden.sh. It is now:\n{actual}");
    }

    // A fresh engine each time: numbers of exits and places in the cache do not depend on other blocks.
    private static string Translate(byte[] code, int codeBits)
    {
        var recorder = new Recorder();
        // The same code on hosts with and without AVX.
        ulong host = HostFeatures.Find("avx,avx2,fma,f16c");
        using var machine = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1, Observer = recorder, HostFeatures = host }), codeBits);
        machine.Ram.Fill(0xf4);
        code.CopyTo(machine.Ram[(int)VectorMachine.CodeAddress..]);
        unsafe
        {
            machine.State->Rip = VectorMachine.CodeAddress;
            machine.State->Gpr[4] = VectorMachine.DataAddress + 0x1000;
        }

        machine.Engine.Run(machine.Cpu, new RunLimits(64));
        return recorder.Text ?? throw new InvalidOperationException("The block was not translated.");
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    // Keeps the first translation.
    private sealed class Recorder : ITranslationObserver
    {
        public string? Text { get; private set; }

        public void Translated(in TranslatedBlock block) => Text ??= TranslationText.Of(block, TranslationParts.All, isRelative: true);

        public void Cleared()
        {
        }
    }
}
