using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Memory;

/// <summary>
/// An anonymous, zero-filled memory file (memfd) mapped once into this process, readable and writable.
/// Guest RAM is one such mapping, so that child processes and KVM can map the same pages. It lies between two fences: address space that belongs to
/// nobody, so that an access that goes beside the memory hits nothing of this process.
/// </summary>
/// <remarks>Pages are allocated by the host when first touched. See memfd_create(2), mmap(2).</remarks>
public sealed unsafe partial class SharedMapping : IDisposable
{
    /// <summary>The size of the fence on each side, in bytes.</summary>
    public const int FenceByteCount = 1 << 20;

    private const byte FencePattern = 0xa5;
    private const uint MfdCloexec = 1;
    private const ulong PageMask = 0xfff;
    private const int SeekData = 3;
    private const int SeekHole = 4;

    private readonly nuint _reservedByteCount;
    private byte* _reserved;
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

        ulong roundedByteCount = (byteCount + PageMask) & ~PageMask;
        _reservedByteCount = (nuint)(roundedByteCount + (2 * FenceByteCount));
        // SAFETY: fresh address space chosen by the kernel; it is given back only in Dispose.
        void* reserved = MemoryCalls.Mmap(
            null, _reservedByteCount, MemoryCalls.ProtNone, MemoryCalls.MapPrivate | MemoryCalls.MapAnonymous | MemoryCalls.MapNoReserve, -1, 0);
        _reserved = (byte*)Check(reserved);
        // SAFETY: the place lies within what was just reserved, and nothing else is there.
        void* address = MemoryCalls.Mmap(
            _reserved + FenceByteCount,
            (nuint)byteCount,
            MemoryCalls.ProtRead | MemoryCalls.ProtWrite,
            MemoryCalls.MapShared | MemoryCalls.MapFixed | MemoryCalls.MapNoReserve,
            _fileDescriptor,
            0);
        Address = (byte*)Check(address);
    }

    /// <summary>The host virtual address of the first byte, page-aligned.</summary>
    public byte* Address { get; private set; }

    /// <summary>The size in bytes as requested.</summary>
    public ulong ByteCount { get; }

    /// <summary>The memory file's descriptor, owned by this object.</summary>
    public int FileDescriptor => _fileDescriptor;

    /// <summary>
    /// Makes the fences writable and fills them with a pattern, so that a write that goes beside the memory can be seen afterwards instead of ending the process:
    /// for tests of isolation.
    /// </summary>
    /// <exception cref="Win32Exception">The host refuses; carries errno.</exception>
    public void ArmFences()
    {
        foreach (nint fence in (ReadOnlySpan<nint>)[(nint)LowFence, (nint)HighFence])
        {
            // SAFETY: both fences lie within the address space that this object reserved.
            if (MemoryCalls.Mprotect((void*)fence, FenceByteCount, MemoryCalls.ProtRead | MemoryCalls.ProtWrite) != 0)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError());
            }

            // SAFETY: as above, and writable now.
            new Span<byte>((void*)fence, FenceByteCount).Fill(FencePattern);
        }
    }

    /// <summary>Looks whether anything was written to the fences since <see cref="ArmFences"/>, which must have been called.</summary>
    // SAFETY: both fences lie within the address space that this object reserved, and are readable since they were armed.
    public bool AreFencesWhole()
        => !new ReadOnlySpan<byte>(LowFence, FenceByteCount).ContainsAnyExcept(FencePattern)
            && !new ReadOnlySpan<byte>(HighFence, FenceByteCount).ContainsAnyExcept(FencePattern);

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
        if (_reserved != null)
        {
            // SAFETY: the address and size are those that mmap returned, the memory and its fences; users must not outlive this object.
            _ = MemoryCalls.Munmap(_reserved, _reservedByteCount);
            _reserved = null;
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

    private byte* LowFence => _reserved;

    private byte* HighFence => _reserved + _reservedByteCount - FenceByteCount;

    private void* Check(void* address)
    {
        if ((nint)address != -1)
        {
            return address;
        }

        int error = Marshal.GetLastPInvokeError();
        Dispose();
        throw new Win32Exception(error);
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int Ftruncate(int fileDescriptor, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Lseek(int fileDescriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fileDescriptor);
}
