using System;
using System.IO;
using System.Text.Json;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary><c>sosia compare</c> with guests of a few instructions.</summary>
public sealed class CompareTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("interpreter,recompiler")]
    [InlineData("recompiler,interpreter")]
    [InlineData("interpreter,interpreter")]
    public void Lockstep_of_equal_engines_ends_with_status_0_and_says_how_much_was_compared(string engines)
    {
        string kernel = _folder.Write("kernel", TinyKernel.PageFault);
        ProgramResult result = ProgramRun.Run(string.Empty, "compare", "--lockstep", "--engines", engines, "--every", "3", "--kernel", kernel, "--debug-exit", "0xf4");
        Assert.Equal(string.Empty, result.Errors);
        Assert.Equal(0, result.Status);
        Assert.Matches(@"^\w+ and \w+ are equal over \d+ instructions: \d+ comparisons .* ended with: DebugExit\.\n$", result.Output);
    }

    [Fact]
    public void Lockstep_with_an_engine_that_switches_at_random_is_equal_too()
    {
        string kernel = _folder.Write("kernel", TinyKernel.LongLoop);
        ProgramResult result = ProgramRun.Run(string.Empty, "compare", "--lockstep", "--switch-engines", "7", "--kernel", kernel, "--debug-exit", "0xf4");
        Assert.Equal(0, result.Status);
        Assert.StartsWith("interpreter and switching are equal", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Lockstep_stops_after_a_number_of_instructions()
    {
        string kernel = _folder.Write("kernel", TinyKernel.Echo);
        ProgramResult result = ProgramRun.Run(string.Empty, "compare", "--lockstep", "--instructions", "54321", "--kernel", kernel);
        Assert.Equal(0, result.Status);
        Assert.Contains("equal over 54321 instructions", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Lockstep_that_does_not_end_in_its_time_ends_with_status_124()
    {
        string kernel = _folder.Write("kernel", TinyKernel.Echo);
        ProgramResult result = ProgramRun.Run(string.Empty, "compare", "--lockstep", "--timeout", "10ms", "--kernel", kernel);
        Assert.Equal(124, result.Status);
        Assert.Contains("TimedOut", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_on_the_three_properties_is_a_table_and_two_files()
    {
        string kernel = _folder.Write("kernel", TinyKernel.PageFault);
        string json = _folder.PathOf("report.json");
        string html = _folder.PathOf("report.html");
        ProgramResult result = ProgramRun.Run(string.Empty, "compare", "--properties", "--engines", "recompiler", "--kernel", kernel, "--debug-exit", "0xf4", "--instructions", "1000", "--json", json, "--html", html);
        Assert.Equal(0, result.Status);
        Assert.Matches(@"(?m)^equivalence +holds$", result.Output);
        Assert.Matches(@"(?m)^Triple fault +passed$", result.Output);
        JsonElement engine = Assert.Single(JsonDocument.Parse(File.ReadAllText(json)).RootElement.GetProperty("engines").EnumerateArray());
        Assert.Equal("recompiler", engine.GetProperty("engine").GetString());
        Assert.True(engine.GetProperty("isInControl").GetBoolean());
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(html), StringComparison.Ordinal);
    }
}
