using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Sosia.Isa.X86.Tests.Fuzz;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests.Fuzz;

/// <summary>
/// Random machines under the interpreter and the recompiler, which must agree in everything at every boundary, and must not touch what is beside
/// guest memory. SOSIA_FUZZ_STARTS says how many starts there are in each mode (a long run: 100,000); SOSIA_FUZZ_SEED where to begin.
/// </summary>
public sealed class RandomLockstepTests
{
    private const int UsualStarts = 150;
    private const int Budget = 3000;

    private enum Code
    {
        Bytes,
        Table,
        X87,
    }

    public static IEnumerable<object[]> Modes()
    {
        foreach (CpuMode mode in Enum.GetValues<CpuMode>())
        {
            if (mode != CpuMode.Virtual8086)
            {
                yield return [mode, 0];
            }

            if (mode != CpuMode.Real)
            {
                yield return [mode, 3];
            }
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Random_bytes_do_the_same_under_both_engines(CpuMode mode, int ring) => Compare(mode, ring, Code.Bytes);

    [Theory]
    [InlineData(CpuMode.Long, 0)]
    [InlineData(CpuMode.Long, 3)]
    [InlineData(CpuMode.Compatibility, 0)]
    [InlineData(CpuMode.Compatibility, 3)]
    [InlineData(CpuMode.Pae, 0)]
    [InlineData(CpuMode.Protected32, 3)]
    public void Random_instructions_of_the_table_do_the_same_under_both_engines(CpuMode mode, int ring) => Compare(mode, ring, Code.Table);

    [Theory]
    [InlineData(CpuMode.Long, 0)]
    [InlineData(CpuMode.Long, 3)]
    [InlineData(CpuMode.Compatibility, 3)]
    public void Random_x87_programs_do_the_same_under_both_engines(CpuMode mode, int ring) => Compare(mode, ring, Code.X87);

    private static void Compare(CpuMode mode, int ring, Code kind)
    {
        int starts = Number("SOSIA_FUZZ_STARTS") ?? UsualStarts;
        int first = Number("SOSIA_FUZZ_SEED") ?? 0;
        for (int seed = first; seed < first + starts;)
        {
            // Engines that live through many starts have caches full of what is no longer so.
            using var pair = new FuzzPair();
            int started = 0;
            for (; started < 50 && seed < first + starts; started++, seed++)
            {
                Begin(pair, mode, ring, seed, kind);
                if (!Run(pair, seed))
                {
                    Assert.Fail($"{mode}, ring {ring}, seed {seed} ({kind}): the engines differ.\n" + Narrow(mode, ring, seed, kind) + "\nFirst seen as:\n" + Describe(pair));
                }
            }

            // The code gets somewhere, and much of it as host code.
            Assert.True(kind == Code.Bytes || pair.Retired > 400 * started, $"Only {pair.Retired} instructions were executed.");
            Assert.True(kind == Code.Bytes || started < 50 || pair.Counters.InstructionsInHostCode > pair.Retired / 4, $"{pair.Counters.InstructionsInHostCode} of {pair.Retired} instructions were executed by host code.");
            Assert.True(pair.AreFencesWhole, $"{mode}, ring {ring}, up to seed {seed}: a write went beside guest memory.");
        }
    }

    private static void Begin(FuzzPair pair, CpuMode mode, int ring, int seed, Code kind)
        => pair.Prepare(
            mode,
            ring,
            seed,
            kind == Code.Bytes ? null : SequenceGenerator.Make(seed, mode, ring, kind == Code.X87 ? "x87" : null),
            isX87: kind == Code.X87);

    // Compares at random boundaries: engines stop in the middle of blocks.
    private static bool Run(FuzzPair pair, int seed)
    {
        var random = new Random(seed);
        int left = Budget;
        bool goesOn = true;
        while (left > 0 && goesOn)
        {
            int count = Math.Min(left, random.Next(1, 1000));
            goesOn = pair.Advance(count);
            left -= count;
            if (!pair.IsEqual())
            {
                return false;
            }
        }

        return true;
    }

    // The first instruction after which a fresh pair differs.
    private static string Narrow(CpuMode mode, int ring, int seed, Code kind)
    {
        int equal = 0;
        int differs = Budget;
        while (differs - equal > 1)
        {
            int middle = (equal + differs) / 2;
            using var pair = new FuzzPair();
            Begin(pair, mode, ring, seed, kind);
            pair.Advance(middle);
            (equal, differs) = pair.IsEqual() ? (middle, differs) : (equal, middle);
        }

        using var last = new FuzzPair();
        Begin(last, mode, ring, seed, kind);
        var text = new StringBuilder();
        if (equal != 0)
        {
            last.Advance(equal);
        }

        text.Append(CultureInfo.InvariantCulture, $"From power-on, alone: equal after {equal}, different after {differs} instructions. Next there: {last.NextInstruction()}\n");
        Begin(last, mode, ring, seed, kind);
        last.Advance(differs);
        return text.Append(Describe(last)).ToString();
    }

    private static string Describe(FuzzPair pair)
    {
        var text = new StringBuilder();
        foreach (string difference in pair.Differences())
        {
            text.Append("  ").Append(difference).Append('\n');
        }

        return text.ToString();
    }

    private static int? Number(string variable)
        => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
