using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Memory;

/// <summary>
/// An anonymous, zero-filled memory file (memfd) mapped once into this process, readable and writable.
/// Guest RAM is one such mapping, so that child processes and KVM can map the same pages.
/// </summary>
/// <remarks>Pages are allocated by the host when first touched. See memfd_create(2), mmap(2).</remarks>
public sealed unsafe partial class SharedMapping : IDisposable
{
    private const uint MfdCloexec = 1;
    private const int SeekData = 3;
    private const int SeekHole = 4;

    private int _fileDescriptor;

    /// <summary>Creates and maps a memory file.</summary>
    /// <param name="name">A name that shows in /proc/PID/maps.</param>
    /// <param name="byteCount">The size; rounded up to whole pages by the host.</param>
    /// <exception cref="Win32Exception">The host refuses the file or the mapping; carries errno.</exception>
    public SharedMapping(string name, ulong byteCount)
    {
        ByteCount = byteCount;
        _fileDescriptor = MemfdCreate(name, MfdCloexec);
        if (_fileDescriptor < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        if (Ftruncate(_fileDescriptor, (long)byteCount) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            Close(_fileDescriptor);
            throw new Win32Exception(error);
        }

        // SAFETY: a fresh mapping chosen by the kernel; it is unmapped only in Dispose.
        void* address = MemoryCalls.Mmap(
            null,
            (nuint)byteCount,
            MemoryCalls.ProtRead | MemoryCalls.ProtWrite,
            MemoryCalls.MapShared | MemoryCalls.MapNoReserve,
            _fileDescriptor,
            0);
        if ((nint)address == -1)
        {
            int error = Marshal.GetLastPInvokeError();
            Close(_fileDescriptor);
            throw new Win32Exception(error);
        }

        Address = (byte*)address;
    }

    /// <summary>The host virtual address of the first byte, page-aligned.</summary>
    public byte* Address { get; private set; }

    /// <summary>The size in bytes as requested.</summary>
    public ulong ByteCount { get; }

    /// <summary>The memory file's descriptor, owned by this object.</summary>
    public int FileDescriptor => _fileDescriptor;

    /// <summary>Finds bytes that have ever been touched: the host holds no memory for the others, which are zero.</summary>
    /// <param name="offset">Where to begin.</param>
    /// <param name="end">Where the run that was found ends.</param>
    /// <returns>Where the next run begins; <see cref="ByteCount"/> when there is none.</returns>
    public ulong FindTouched(ulong offset, out ulong end)
    {
        long start = offset < ByteCount ? Lseek(_fileDescriptor, (long)offset, SeekData) : -1;
        if (start < 0)
        {
            end = ByteCount;
            return ByteCount;
        }

        long hole = Lseek(_fileDescriptor, start, SeekHole);
        end = hole < 0 ? ByteCount : Math.Min((ulong)hole, ByteCount);
        return (ulong)start;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Address != null)
        {
            // SAFETY: the address and size are those that mmap returned; users must not outlive this object.
            _ = MemoryCalls.Munmap(Address, (nuint)ByteCount);
            Address = null;
        }

        if (_fileDescriptor >= 0)
        {
            _ = Close(_fileDescriptor);
            _fileDescriptor = -1;
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the mapping when its owner forgot to.</summary>
    ~SharedMapping() => Dispose();

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int Ftruncate(int fileDescriptor, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Lseek(int fileDescriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fileDescriptor);
}
