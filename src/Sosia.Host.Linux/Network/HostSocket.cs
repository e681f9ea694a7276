using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Sosia.Host.Linux.Files;

namespace Sosia.Host.Linux.Network;

/// <summary>
/// A non-blocking socket of the host: TCP, UDP (both IPv4) or a Unix stream. Failures are error numbers, never exceptions, and no call allocates: what
/// a guest makes its machine do a thousand times a second.
/// </summary>
public sealed unsafe partial class HostSocket : IDisposable
{
    private const int FamilyUnix = 1;
    private const int FamilyInternet = 2;
    private const int TypeStream = 1;
    private const int TypeDatagram = 2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NoSignal = 0x4000;
    private const int LevelSocket = 1;
    private const int LevelTcp = 6;
    private const int OptionReuseAddress = 2;
    private const int OptionError = 4;
    private const int OptionLinger = 13;
    private const int OptionNoDelay = 1;
    private const int MaxUnixPath = 107;

    private int _descriptor;

    private HostSocket(int descriptor)
    {
        _descriptor = descriptor;
    }

    /// <summary>The file descriptor.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Creates a TCP socket.</summary>
    /// <param name="error">0, or why there is none.</param>
    /// <returns>Null when the host has none left.</returns>
    public static HostSocket? CreateStream(out int error) => Create(FamilyInternet, TypeStream, out error);

    /// <summary>Creates a UDP socket.</summary>
    /// <param name="error">0, or why there is none.</param>
    /// <returns>Null when the host has none left.</returns>
    public static HostSocket? CreateDatagram(out int error) => Create(FamilyInternet, TypeDatagram, out error);

    /// <summary>Creates a Unix stream socket.</summary>
    /// <param name="error">0, or why there is none.</param>
    /// <returns>Null when the host has none left.</returns>
    public static HostSocket? CreateUnixStream(out int error) => Create(FamilyUnix, TypeStream, out error);

    /// <summary>Begins to connect.</summary>
    /// <returns>0, <see cref="SocketErrorNumber.InProgress"/>, or why it failed.</returns>
    public int Connect(SocketAddress4 address)
    {
        InternetAddress native = ToNative(address);
        // SAFETY: the structure has the kernel's layout and lives on this stack.
        return Connect(_descriptor, &native, sizeof(InternetAddress)) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Connects to a Unix socket.</summary>
    /// <param name="path">Its path, at most 107 bytes.</param>
    /// <returns>0, or why it failed.</returns>
    public int ConnectUnix(string path)
    {
        byte* native = stackalloc byte[2 + MaxUnixPath + 1];
        new Span<byte>(native, 2 + MaxUnixPath + 1).Clear();
        if (!Encoding.UTF8.TryGetBytes(path, new Span<byte>(native + 2, MaxUnixPath), out int byteCount))
        {
            return HostError.InvalidArgument;
        }

        *(ushort*)native = FamilyUnix;
        // SAFETY: the address was written above, with a zero behind it.
        return Connect(_descriptor, native, 2 + byteCount + 1) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Takes an address of the host.</summary>
    /// <returns>0, or why it failed.</returns>
    public int Bind(SocketAddress4 address)
    {
        int one = 1;
        InternetAddress native = ToNative(address);
        // SAFETY: the kernel reads a number and a structure of its layout, both on this stack.
        _ = SetOption(_descriptor, LevelSocket, OptionReuseAddress, &one, sizeof(int));
        return Bind(_descriptor, &native, sizeof(InternetAddress)) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Waits for connections from now on.</summary>
    /// <returns>0, or why it failed.</returns>
    public int Listen(int backlog) => Listen(_descriptor, backlog) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Takes a waiting connection.</summary>
    /// <param name="peer">Who connected.</param>
    /// <param name="error">0, or why there is none: <see cref="HostError.WouldBlock"/> when nobody waits.</param>
    public HostSocket? Accept(out SocketAddress4 peer, out int error)
    {
        InternetAddress native = default;
        int byteCount = sizeof(InternetAddress);
        // SAFETY: the kernel writes no more than it is told there is room for.
        int descriptor = Accept(_descriptor, &native, &byteCount, NonBlocking | CloseOnExec);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        peer = FromNative(native);
        return descriptor < 0 ? null : new HostSocket(descriptor);
    }

    /// <summary>The socket's own address.</summary>
    public SocketAddress4 LocalAddress
    {
        get
        {
            InternetAddress native = default;
            int byteCount = sizeof(InternetAddress);
            // SAFETY: the kernel writes no more than it is told there is room for.
            _ = GetName(_descriptor, &native, &byteCount);
            return FromNative(native);
        }
    }

    /// <summary>Takes the error that waits at the socket (SO_ERROR): how a connection attempt ended.</summary>
    public int TakeError()
    {
        int error = 0;
        int byteCount = sizeof(int);
        // SAFETY: the kernel writes four bytes.
        return GetOption(_descriptor, LevelSocket, OptionError, &error, &byteCount) == 0 ? error : Marshal.GetLastPInvokeError();
    }

    /// <summary>Sends what is written at once, without waiting for more (TCP_NODELAY).</summary>
    public void SetNoDelay()
    {
        int one = 1;
        // SAFETY: the kernel reads four bytes.
        _ = SetOption(_descriptor, LevelTcp, OptionNoDelay, &one, sizeof(int));
    }

    /// <summary>Closing breaks the connection off (RST) instead of ending it.</summary>
    public void BreakOffOnClose()
    {
        long onWithoutDelay = 1;
        // SAFETY: struct linger is two ints: on, and a time of 0.
        _ = SetOption(_descriptor, LevelSocket, OptionLinger, &onWithoutDelay, sizeof(long));
    }

    /// <summary>Sends some bytes.</summary>
    /// <returns>How many; negative: minus the error number.</returns>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        // SAFETY: the span stays pinned during the call and the count is its length.
        fixed (byte* start = bytes)
        {
            nint count = Send(_descriptor, start, (nuint)bytes.Length, NoSignal);
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Receives some bytes.</summary>
    /// <returns>How many, 0 at the end of a stream; negative: minus the error number.</returns>
    public int Receive(Span<byte> destination)
    {
        // SAFETY: the span stays pinned during the call and the count is its length.
        fixed (byte* start = destination)
        {
            nint count = Receive(_descriptor, start, (nuint)destination.Length, 0);
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Sends a datagram.</summary>
    /// <returns>How many bytes; negative: minus the error number.</returns>
    public int SendTo(ReadOnlySpan<byte> bytes, SocketAddress4 address)
    {
        InternetAddress native = ToNative(address);
        // SAFETY: the span stays pinned during the call; the structure has the kernel's layout.
        fixed (byte* start = bytes)
        {
            nint count = SendTo(_descriptor, start, (nuint)bytes.Length, NoSignal, &native, sizeof(InternetAddress));
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Receives a datagram; what does not fit is lost.</summary>
    /// <returns>How many bytes; negative: minus the error number.</returns>
    public int ReceiveFrom(Span<byte> destination, out SocketAddress4 sender)
    {
        InternetAddress native = default;
        int addressByteCount = sizeof(InternetAddress);
        // SAFETY: the span stays pinned during the call; the kernel writes no more than it is told there is room for.
        fixed (byte* start = destination)
        {
            nint count = ReceiveFrom(_descriptor, start, (nuint)destination.Length, 0, &native, &addressByteCount);
            int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            sender = FromNative(native);
            return count >= 0 ? (int)count : -error;
        }
    }

    /// <summary>Says that no more will be sent: the peer sees the end of the stream.</summary>
    public void ShutDownSending() => _ = ShutDown(_descriptor, 1);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Close(_descriptor);
            _descriptor = -1;
        }
    }

    private static HostSocket? Create(int family, int type, out int error)
    {
        int descriptor = OpenSocket(family, type | NonBlocking | CloseOnExec, 0);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new HostSocket(descriptor);
    }

    private static InternetAddress ToNative(SocketAddress4 address) => new()
    {
        Family = FamilyInternet,
        Port = BinaryPrimitives.ReverseEndianness(address.Port),
        Address = BinaryPrimitives.ReverseEndianness(address.Address),
    };

    private static SocketAddress4 FromNative(in InternetAddress native) => new(
        BinaryPrimitives.ReverseEndianness(native.Address),
        BinaryPrimitives.ReverseEndianness(native.Port));

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int descriptor, void* address, int byteCount);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int descriptor, void* address, int byteCount);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int Listen(int descriptor, int backlog);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int Accept(int descriptor, void* address, int* byteCount, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    private static partial int GetName(int descriptor, void* address, int* byteCount);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetOption(int descriptor, int level, int name, void* value, int* byteCount);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int descriptor, int level, int name, void* value, int byteCount);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int descriptor, void* buffer, nuint byteCount, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int descriptor, void* buffer, nuint byteCount, int flags);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(int descriptor, void* buffer, nuint byteCount, int flags, void* address, int addressByteCount);

    [LibraryImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    private static partial nint ReceiveFrom(int descriptor, void* buffer, nuint byteCount, int flags, void* address, int* addressByteCount);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int ShutDown(int descriptor, int how);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct InternetAddress
    {
        public ushort Family;
        public ushort Port;
        public uint Address;
        public ulong Zero;
    }
}
