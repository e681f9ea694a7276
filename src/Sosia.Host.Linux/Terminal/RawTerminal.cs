using System;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Sosia.Host.Linux.Terminal;

/// <summary>
/// Takes a terminal into raw mode – every key, Ctrl-C included, is a byte to read, and output is not changed on its way – and back
/// (termios(3)). Its members may be called from any thread, signal handlers' threads included.
/// </summary>
public sealed unsafe partial class RawTerminal : IDisposable
{
    private const int SetNow = 0;

    private readonly Lock _lock = new();
    private readonly SafeFileHandle _handle;
    private readonly TerminalSettings _original;
    private bool _isRaw;
    private bool _disposed;

    private RawTerminal(SafeFileHandle handle, in TerminalSettings original)
    {
        _handle = handle;
        _original = original;
    }

    /// <summary>Takes a terminal into raw mode.</summary>
    /// <param name="descriptor">What may be a terminal.</param>
    /// <returns>Null when it is none.</returns>
    public static RawTerminal? TryEnter(HostDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        TerminalSettings settings;
        // SAFETY: the structure has the C library's layout and lives on this stack.
        if (GetAttributes(descriptor.Handle, &settings) != 0)
        {
            return null;
        }

        var terminal = new RawTerminal(descriptor.Handle, in settings);
        terminal.Enter();
        return terminal;
    }

    /// <summary>Raw mode (again): after the process was stopped and continued.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            TerminalSettings raw = _original;
            // SAFETY: both calls read or write one structure of the C library's layout on this stack.
            MakeRaw(&raw);
            _ = SetAttributes(_handle, SetNow, &raw);
            _isRaw = true;
        }
    }

    /// <summary>Makes the terminal raw again if it should be: somebody else may have changed its settings.</summary>
    public void Refresh()
    {
        lock (_lock)
        {
            if (_isRaw)
            {
                Enter();
            }
        }
    }

    /// <summary>Back to how the terminal was found, for as long as the process is stopped.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (_isRaw)
            {
                TerminalSettings original = _original;
                // SAFETY: the call reads one structure of the C library's layout on this stack.
                _ = SetAttributes(_handle, SetNow, &original);
                _isRaw = false;
            }
        }
    }

    /// <summary>Back to how the terminal was found, for good.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Leave();
            _disposed = true;
        }
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(SafeFileHandle handle, TerminalSettings* settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(SafeFileHandle handle, int when, TerminalSettings* settings);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(TerminalSettings* settings);

    // struct termios of Linux's C libraries.
    [StructLayout(LayoutKind.Sequential)]
    private struct TerminalSettings
    {
        public uint InputFlags;
        public uint OutputFlags;
        public uint ControlFlags;
        public uint LocalFlags;
        public byte LineDiscipline;
        public fixed byte ControlCharacters[32];
        public uint InputSpeed;
        public uint OutputSpeed;
    }
}
