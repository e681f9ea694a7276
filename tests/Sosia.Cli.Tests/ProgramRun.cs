using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>A running program under test, whose output can be waited for.</summary>
internal sealed partial class ProgramRun : IDisposable
{
    // Generous: test machines are shared. Nothing waits this long unless it hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _errorText = new();
    private readonly Task _errors;

    private ProgramRun(Process process)
    {
        _process = process;
        _errors = ReadErrors();
    }

    /// <summary>The process's number.</summary>
    public int Id => _process.Id;

    public static ProgramRun Start(params string[] arguments) => StartIn(Repository.Root, arguments);

    /// <summary>Starts the program, with a trace of some of its system calls; the trace is whole when the run's output has ended.</summary>
    /// <param name="trace">The file that gets the trace.</param>
    /// <param name="calls">Their names, with commas between.</param>
    /// <param name="arguments">The program's arguments.</param>
    public static ProgramRun StartTraced(string trace, string calls, params string[] arguments)
        // -D: the process that is started is the program, and gets the signals; strace is its grandchild. -a 1: one space before a result,
        // where a resumed call would have as many as reach column 40.
        => StartProcess("strace", Repository.Root, ["-D", "-f", "-a", "1", "--seccomp-bpf", "-y", "-s", "0", "-o", trace, "-e", "trace=" + calls, Repository.Program, .. arguments]);

    /// <summary>Runs the program to its end, with this on its standard input.</summary>
    public static ProgramResult Run(string input, params string[] arguments)
    {
        using ProgramRun run = Start(arguments);
        return run.End(input);
    }

    /// <summary>Runs the program to its end, told that this is the repository (null: nothing).</summary>
    public static ProgramResult RunIn(string? repository, params string[] arguments)
    {
        using ProgramRun run = StartIn(repository, arguments);
        return run.End(string.Empty);
    }

    public void Type(string input)
    {
        _process.StandardInput.Write(input);
        _process.StandardInput.Flush();
    }

    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Closes the reading end of the program's standard output.</summary>
    public void CloseOutput() => _process.StandardOutput.Close();

    /// <summary>Waits for a text on standard output.</summary>
    public void Expect(string text)
    {
        var seen = new StringBuilder();
        while (!seen.ToString().EndsWith(text, StringComparison.Ordinal))
        {
            int value = _process.StandardOutput.Read();
            Assert.True(value >= 0, $"The program ended before it wrote '{text}': {seen}");
            seen.Append((char)value);
        }
    }

    /// <summary>Waits for a text on standard error.</summary>
    public void ExpectError(string text)
    {
        lock (_errorText)
        {
            while (!_errorText.ToString().Contains(text, StringComparison.Ordinal))
            {
                Assert.True(!_errors.IsCompleted && Monitor.Wait(_errorText, Patience), $"The program did not write '{text}' to standard error: {_errorText}");
            }
        }
    }

    public void Signal(int number) => Assert.Equal(0, Kill(_process.Id, number));

    public ProgramResult WaitForEnd(bool readOutput = true)
    {
        Task<string> output = readOutput ? _process.StandardOutput.ReadToEndAsync() : Task.FromResult(string.Empty);
        Assert.True(_process.WaitForExit(Patience), "The program does not end.");
        return new ProgramResult(_process.ExitCode, output.GetAwaiter().GetResult(), Errors());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static ProgramRun StartIn(string? repository, string[] arguments) => StartProcess(Repository.Program, repository, arguments);

    private static ProgramRun StartProcess(string file, string? repository, string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.StandardOutputEncoding = Encoding.Latin1;
        start.Environment["SOSIA_REPOSITORY"] = repository;
        return new ProgramRun(Process.Start(start)!);
    }

    private async Task ReadErrors()
    {
        char[] buffer = new char[4096];
        int count;
        while ((count = await _process.StandardError.ReadAsync(buffer)) > 0)
        {
            lock (_errorText)
            {
                _errorText.Append(buffer, 0, count);
                Monitor.PulseAll(_errorText);
            }
        }
    }

    private string Errors()
    {
        _errors.GetAwaiter().GetResult();
        return _errorText.ToString();
    }

    private ProgramResult End(string input)
    {
        Type(input);
        CloseInput();
        return WaitForEnd();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
