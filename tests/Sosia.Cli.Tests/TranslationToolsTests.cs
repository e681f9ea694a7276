using System;
using System.IO;
using System.Text.Json;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>What the program tells of translations: <c>--log</c>, <c>--perf-map</c>, <c>--stats</c>, <c>--jit-cache-size</c>, <c>compare --timing</c>.</summary>
public sealed class TranslationToolsTests : IDisposable
{
    private const int Ended = 1;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_log_shows_guest_intermediate_and_host_code()
    {
        string log = _folder.PathOf("log");
        Assert.Equal(Ended, Run("--log", "in_asm,ir,out_asm", "--log-file", log).Status);
        string text = File.ReadAllText(log);
        Assert.Contains("cpuid", text, StringComparison.Ordinal);
        Assert.Contains("CallOperation", text, StringComparison.Ordinal);
        Assert.Matches(@"host:\n  [0-9a-f]{12}  mov", text);
    }

    [Theory]
    [InlineData("in_asm", "guest:", "intermediate:", "host:")]
    [InlineData("ir", "intermediate:", "guest:", "host:")]
    [InlineData("out_asm", "host:", "guest:", "intermediate:")]
    public void The_log_shows_only_what_was_asked_for(string what, string present, string absent, string alsoAbsent)
    {
        ProgramResult result = Run("--log", what);
        Assert.Contains(present, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(absent, result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(alsoAbsent, result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0x100000..0x1000ff", true)]
    [InlineData("0x10008f..0x10008f", true)]
    [InlineData("0x200000..0xffffffffffffffff", false)]
    public void The_log_can_be_limited_to_a_range_of_addresses(string range, bool isIncluded)
        => Assert.Equal(isIncluded, Run("--log", "in_asm,filter=" + range).Errors.Contains("cpuid", StringComparison.Ordinal));

    [Fact]
    public void The_perf_map_names_translated_blocks_by_their_guest_addresses()
    {
        using ProgramRun run = ProgramRun.Start("run", "--engine", "recompiler", "--kernel", _folder.Write("kernel", TinyKernel.LongLoop), "--debug-exit", "0xf4", "--perf-map");
        string map = $"/tmp/perf-{run.Id}.map";
        Assert.Equal(Ended, run.WaitForEnd().Status);
        try
        {
            Assert.Matches("(?m)^[0-9a-f]{6,} [0-9a-f]{2,} guest:0x10008d$", File.ReadAllText(map));
        }
        finally
        {
            File.Delete(map);
        }
    }

    [Fact]
    public void The_statistics_say_which_instructions_were_called_and_what_translation_cost()
    {
        string file = _folder.PathOf("stats");
        Assert.Equal(Ended, Run("--stats", file, "--jit-cache-size", "2M").Status);
        JsonElement stats = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        Assert.InRange(stats.GetProperty("helperCallsByInstruction").GetProperty("cpuid").GetInt64(), 900, 1000);
        Assert.InRange(stats.GetProperty("instructionsInHostCode").GetInt64(), 3600, 4000);
        long all = stats.GetProperty("instructionsInHostCode").GetInt64() + stats.GetProperty("instructionsInterpreted").GetInt64();
        Assert.Equal(stats.GetProperty("instructionsRetired").GetInt64(), all);
        Assert.InRange(stats.GetProperty("translatedInstructions").GetInt64(), 4, 8);
        Assert.InRange(stats.GetProperty("translationSeconds").GetDouble(), 1e-9, 60);
        Assert.InRange(stats.GetProperty("translationShare").GetDouble(), 1e-9, 1);
        Assert.InRange(stats.GetProperty("translationMicrosecondsPerInstruction").GetDouble(), 1e-3, 1e7);
        Assert.Equal(2 << 20, stats.GetProperty("codeCacheBytes").GetInt64());
        Assert.InRange(stats.GetProperty("codeCacheUsedBytes").GetInt64(), 100, 2 << 20);
        Assert.Equal(0, stats.GetProperty("cacheFlushes").GetInt64());
    }

    [Fact]
    public void Timing_has_a_line_for_every_engine_that_works_here()
    {
        ProgramResult result = ProgramRun.Run(string.Empty, "compare", "--timing", "--kernel", _folder.Write("kernel", TinyKernel.LongLoop), "--debug-exit", "0xf4");
        Assert.Equal(0, result.Status);
        Assert.Matches(@"(?m)^ENGINE +WALL +USER +INSTRUCTIONS +MIPS +TRANSLATION +END$", result.Output);
        Assert.Matches(@"(?m)^interpreter +\d+\.\d\d s +\d+\.\d\d s +40\d\d +\d+\.\d +0\.0 % +DebugExit$", result.Output);
        Assert.Matches(@"(?m)^recompiler +\d+\.\d\d s +\d+\.\d\d s +40\d\d +\d+\.\d +\d+\.\d % +DebugExit$", result.Output);
    }

    private ProgramResult Run(params string[] arguments)
        => ProgramRun.Run(string.Empty, ["run", "--engine", "recompiler", "--kernel", _folder.Write("kernel", TinyKernel.LongLoop), "--debug-exit", "0xf4", .. arguments]);
}
