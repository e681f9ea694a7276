using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>The program on a terminal of its own, with the test as the person at the keyboard.</summary>
internal sealed unsafe partial class PseudoTerminal : IDisposable
{
    private const nuint SetLock = 0x4004_5431;
    private const nuint GetNumber = 0x8004_5430;
    private const int ReadWrite = 2;
    private const int NoControllingTerminal = 0x100;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly SafeFileHandle _master;
    private readonly SafeFileHandle _slave;
    private readonly Process _process;
    private readonly Thread _reader;
    private readonly object _gate = new();
    private readonly StringBuilder _output = new();
    private int _consumed;

    public PseudoTerminal(params string[] arguments)
    {
        _master = Open("/dev/ptmx", ReadWrite | NoControllingTerminal);
        int unlock = 0;
        int number = -1;
        // SAFETY: both requests take the address of an int on this stack.
        Assert.Equal(0, Control(_master, SetLock, &unlock));
        Assert.Equal(0, Control(_master, GetNumber, &number));
        Path = $"/dev/pts/{number}";
        // Held open, so that the terminal and its settings outlive the program.
        _slave = Open(Path, ReadWrite | NoControllingTerminal);
        Assert.False(_slave.IsInvalid);
        OriginalSettings = Settings();
        _reader = new Thread(ReadLoop) { IsBackground = true };
        _reader.Start();
        _process = Process.Start(new ProcessStartInfo("sh", ["-c", $"exec \"$0\" \"$@\" <{Path} >{Path} 2>&1", Repository.Program, .. arguments]))!;
    }

    public string Path { get; }

    public string OriginalSettings { get; }

    /// <summary>The terminal's settings, in the words of stty.</summary>
    public string Settings()
    {
        using Process stty = Process.Start(new ProcessStartInfo("stty", ["-F", Path, "-a"]) { RedirectStandardOutput = true })!;
        string settings = stty.StandardOutput.ReadToEnd();
        stty.WaitForExit();
        Assert.Equal(0, stty.ExitCode);
        return settings;
    }

    public void Type(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        // SAFETY: the array stays pinned during the call and the count is its length.
        fixed (byte* start = bytes)
        {
            Assert.Equal(bytes.Length, Write(_master, start, (nuint)bytes.Length));
        }
    }

    /// <summary>Waits for a text on the screen, after the one that was waited for last.</summary>
    public void Expect(string text)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        lock (_gate)
        {
            int index;
            while ((index = _output.ToString().IndexOf(text, _consumed, StringComparison.Ordinal)) < 0)
            {
                Assert.True(Environment.TickCount64 < end, $"'{text}' does not appear: {_output}");
                Monitor.Wait(_gate, 1000);
            }

            _consumed = index + text.Length;
        }
    }

    /// <summary>Waits until the settings are so.</summary>
    public void ExpectSettings(Func<string, bool> condition)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        string settings;
        while (!condition(settings = Settings()))
        {
            Assert.True(Environment.TickCount64 < end, settings);
        }
    }

    /// <summary>Waits until the program is stopped.</summary>
    public void ExpectStopped()
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!File.ReadAllText($"/proc/{_process.Id}/stat").Contains(") T ", StringComparison.Ordinal))
        {
            Assert.True(Environment.TickCount64 < end, "The program does not stop.");
            Thread.Yield();
        }
    }

    public void Signal(int number) => Assert.Equal(0, Kill(_process.Id, number));

    public int WaitForEnd()
    {
        Assert.True(_process.WaitForExit(Patience), "The program does not end.");
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        // With the last slave gone the reader's call fails, and it lets go of the master.
        _slave.Dispose();
        _reader.Join();
        _master.Dispose();
    }

    private void ReadLoop()
    {
        byte[] buffer = new byte[4096];
        // SAFETY: the array stays pinned during the calls and the count is its length.
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Read(_master, start, (nuint)buffer.Length)) > 0)
            {
                lock (_gate)
                {
                    _output.Append(Encoding.Latin1.GetString(buffer, 0, (int)count));
                    Monitor.PulseAll(_gate);
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeFileHandle handle, nuint request, int* argument);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(SafeFileHandle handle, byte* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(SafeFileHandle handle, byte* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
