using System;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Memory;
using Sosia.Host.Linux.Probing;
using Sosia.Isa.X86;

namespace Sosia.Theory.Host;

/// <summary>
/// Executes snippets on the processor that we run on, in user mode. Each gets a process of its own – the cell – which can reach nothing but one piece of shared memory and
/// may make no system call, so that it starts in a known state and harms nobody, whatever it does.
/// </summary>
public sealed unsafe class NativeProbe : IDisposable
{
    /// <summary>How long a snippet may take unless the caller says otherwise.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    private readonly CellProgram _program;
    private readonly ProgramImage _image;

    /// <summary>Prepares the cell's program.</summary>
    /// <exception cref="SosiaException">The host is not Linux on x86-64, or refuses programs in memory.</exception>
    public NativeProbe()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new SosiaException(
                $"The host's processor cannot be asked: this is {RuntimeInformation.OSDescription} on {RuntimeInformation.ProcessArchitecture}, and the probe needs Linux on x86-64.", FailureKind.Host);
        }

        _program = CellProgram.Create();
        try
        {
            _image = new ProgramImage("sosia-cell", _program.Executable);
        }
        catch (Win32Exception error)
        {
            throw new SosiaException($"The host refuses a program in memory (memfd_create: {error.Message.TrimEnd('.')}); allow it to ask the processor.", FailureKind.Host, error);
        }
    }

    /// <summary>Executes a snippet.</summary>
    /// <param name="snippet">The snippet.</param>
    /// <param name="timeout">When it is ended; null for <see cref="DefaultTimeout"/>.</param>
    /// <exception cref="SosiaException">The host cannot start the process.</exception>
    public SnippetOutcome Run(Snippet snippet, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(snippet);
        var setup = new CellSetup(_program, snippet);
        try
        {
            using var memory = new SharedMapping("sosia-cell-memory", CellLayout.SharedByteCount);
            // SAFETY: the mapping has that size and lives until the end of this block; the cell may change it at any time, so it is copied before it is read.
            setup.Write(new Span<byte>(memory.Address, CellLayout.SharedByteCount), snippet);
            using SpawnedProcess process = SpawnedProcess.Start(_image, memory);
            ProcessEnd? end = process.Wait(timeout ?? DefaultTimeout);
            bool timedOut = end is null;
            end ??= process.Kill();
            byte[] shared = new ReadOnlySpan<byte>(memory.Address, CellLayout.SharedByteCount).ToArray();
            return Judge(snippet, setup, shared, end.Value, timedOut);
        }
        catch (Win32Exception error)
        {
            throw new SosiaException(
                $"The host cannot start a process from memory (posix_spawn of /proc/self/fd: {error.Message.TrimEnd('.')}); check that /proc is mounted and processes may be started.", FailureKind.Host, error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _image.Dispose();

    private SnippetOutcome Judge(Snippet snippet, CellSetup setup, byte[] shared, ProcessEnd end, bool timedOut)
    {
        int done = CellReport.CallsDone(shared);
        long[] requests = new long[snippet.Requests.Count];
        for (int i = 0; i < requests.Length; i++)
        {
            requests[i] = CellReport.CallResult(shared, setup.FirstRequest + i);
        }

        if (!CellReport.HasEntered(shared))
        {
            string why = end.ExitStatus == CellProgram.CannotSetUp
                ? $"the host refuses {setup.Describe(done)}: {HostError.Describe((int)-CellReport.CallResult(shared, done))}"
                : end.Signal != 0 ? $"its process died of signal {end.Signal} during {setup.Describe(done)}" : $"its process ended with status {end.ExitStatus} before it had begun";
            return new SnippetOutcome { End = SnippetEnd.NotStarted, Signal = end.Signal, Problem = why, Requests = requests };
        }

        if (timedOut)
        {
            return new SnippetOutcome { End = SnippetEnd.TimedOut, Signal = end.Signal, Requests = requests };
        }

        SnippetOutcome? outcome = CellReport.Read(shared, snippet, requests);
        if (outcome is null)
        {
            return new SnippetOutcome { End = SnippetEnd.Died, Signal = end.Signal, Requests = requests };
        }

        return outcome.End == SnippetEnd.Trapped && outcome.Registers!.Rip == _program.EntryAddress
            ? new SnippetOutcome
            {
                End = SnippetEnd.NotStarted,
                Signal = outcome.Signal,
                Problem = $"the processor refuses its code segment 0x{snippet.Registers.Segments[1]:x} ({ExceptionNames.Of(outcome.Vector)}(0x{outcome.ErrorCode:x}))",
                Requests = requests,
            }
            : outcome;
    }
}
