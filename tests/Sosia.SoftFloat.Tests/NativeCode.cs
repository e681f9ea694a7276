using System;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Sosia.SoftFloat.Tests;

/// <summary>
/// A piece of x86-64 machine code in executable memory of this process: the host CPU as an oracle. The code is called by the System V convention
/// with one pointer in RDI, ends with RET, and may change only what a callee may.
/// </summary>
internal sealed unsafe partial class NativeCode : IDisposable
{
    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int ProtectExecute = 4;
    private const int MapPrivateAnonymous = 0x22;

    private readonly nuint _length;
    private nint _address;

    public NativeCode(ReadOnlySpan<byte> code)
    {
        _length = (nuint)((code.Length + 4095) & ~4095);
        _address = MapMemory(0, _length, ProtectRead | ProtectWrite, MapPrivateAnonymous, -1, 0);
        if (_address == -1)
        {
            throw new InvalidOperationException($"mmap failed: errno {Marshal.GetLastPInvokeError()}");
        }

        // SAFETY: the mapping is writable and at least as long as the code.
        code.CopyTo(new Span<byte>((void*)_address, code.Length));
        if (ProtectMemory(_address, _length, ProtectRead | ProtectExecute) != 0)
        {
            throw new InvalidOperationException($"mprotect failed: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Why the host cannot be the oracle, or null when it can.</summary>
    public static string? WhyNotAvailable =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? null
            : "the host is not x86-64 Linux, so its own instructions cannot be compared with";

    /// <summary>
    /// Whether the host is Intel's, on which everything was compared. Where the manual leaves a choice (bits taken by an FPREM step, the last place of a
    /// transcendental function and whether it claims to be exact) other makers may have chosen otherwise.
    /// </summary>
    public static bool IsIntel { get; } = WhyNotAvailable is null && X86Base.CpuId(0, 0) is (_, 0x756E_6547, 0x6C65_746E, 0x4965_6E69);

    public void Invoke(void* argument)
    {
        // SAFETY: the mapping is executable and holds a complete function; the caller vouches for what it does with the argument.
        ((delegate* unmanaged<void*, void>)_address)(argument);
    }

    public void Dispose()
    {
        if (_address != 0)
        {
            _ = UnmapMemory(_address, _length);
            _address = 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MapMemory(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int ProtectMemory(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int UnmapMemory(nint address, nuint length);
}
