using System;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sosia.Host.Linux.Files;

namespace Sosia.Host.Linux.Network;

/// <summary>A network interface of the host whose other end is this program (Linux's tun/tap driver). It needs CAP_NET_ADMIN, or an interface that was made for this user.</summary>
public sealed unsafe partial class TapInterface : IDisposable
{
    /// <summary>The longest name of an interface.</summary>
    public const int MaxNameLength = 15;

    private const string Device = "/dev/net/tun";
    private const int ReadWriteNonBlocking = 2 | 0x800 | 0x80000;
    private const nuint SetInterface = 0x4004_54ca;
    private const ushort Tap = 2;
    private const ushort NoPacketInformation = 0x1000;
    private const int RequestByteCount = 40;
    private const int FlagsOffset = 16;

    private readonly SafeFileHandle _handle;

    private TapInterface(SafeFileHandle handle, string name)
    {
        _handle = handle;
        Name = name;
    }

    /// <summary>The interface's name.</summary>
    public string Name { get; }

    /// <summary>The file descriptor, for waiting.</summary>
    public int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>Attaches to an interface, or makes it.</summary>
    /// <param name="name">Its name, at most 15 ASCII characters; empty for one that the host chooses.</param>
    /// <param name="error">0, or why it failed.</param>
    public static TapInterface? Open(string name, out int error)
    {
        SafeFileHandle handle = OpenFile(Device, ReadWriteNonBlocking, 0);
        if (handle.IsInvalid)
        {
            error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            return null;
        }

        byte* request = stackalloc byte[RequestByteCount];
        var bytes = new Span<byte>(request, RequestByteCount);
        bytes.Clear();
        if (!Encoding.ASCII.TryGetBytes(name, bytes[..MaxNameLength], out _))
        {
            error = HostError.InvalidArgument;
            handle.Dispose();
            return null;
        }

        *(ushort*)(request + FlagsOffset) = Tap | NoPacketInformation;
        // SAFETY: struct ifreq has 40 bytes, in which the kernel writes the name.
        if (IoControl(handle, SetInterface, request) != 0)
        {
            error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            return null;
        }

        error = 0;
        return new TapInterface(handle, Encoding.ASCII.GetString(bytes[..bytes.IndexOf((byte)0)]));
    }

    /// <summary>Reads a frame that the host sent.</summary>
    /// <returns>Its length; negative: minus the error number.</returns>
    public int Read(Span<byte> frame)
    {
        // SAFETY: the span stays pinned during the call and the count is its length.
        fixed (byte* start = frame)
        {
            nint count = Read(_handle, start, (nuint)frame.Length);
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Gives the host a frame.</summary>
    /// <returns>Its length; negative: minus the error number.</returns>
    public int Write(ReadOnlySpan<byte> frame)
    {
        // SAFETY: the span stays pinned during the call and the count is its length.
        fixed (byte* start = frame)
        {
            nint count = Write(_handle, start, (nuint)frame.Length);
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle handle, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle handle, void* buffer, nuint byteCount);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle handle, void* buffer, nuint byteCount);
}
