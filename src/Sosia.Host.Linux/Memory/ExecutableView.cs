using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Memory;

/// <summary>
/// A second mapping of a <see cref="SharedMapping"/>'s memory file, readable and executable but not writable: code is written
/// through the one and runs through the other, and no page is ever both writable and executable (W^X).
/// </summary>
/// <remarks>See mmap(2). Stores through the other mapping are visible here at once: both are the same pages.</remarks>
public sealed unsafe class ExecutableView : IDisposable
{
    private readonly ulong _byteCount;

    /// <summary>Maps the whole file once more.</summary>
    /// <param name="mapping">The file; it may be disposed before or after this object.</param>
    /// <exception cref="Win32Exception">The host refuses executable memory or has no room; carries errno.</exception>
    public ExecutableView(SharedMapping mapping)
    {
        _byteCount = mapping.ByteCount;

        // SAFETY: a fresh mapping chosen by the kernel; it is unmapped only in Dispose.
        void* address = MemoryCalls.Mmap(
            null,
            (nuint)_byteCount,
            MemoryCalls.ProtRead | MemoryCalls.ProtExec,
            MemoryCalls.MapShared | MemoryCalls.MapNoReserve,
            mapping.FileDescriptor,
            0);
        if ((nint)address == -1)
        {
            GC.SuppressFinalize(this);
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        Address = (byte*)address;
    }

    /// <summary>The host virtual address of the first byte, page-aligned.</summary>
    public byte* Address { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Address != null)
        {
            // SAFETY: the address and size are those that mmap returned; nothing may run in it any more.
            _ = MemoryCalls.Munmap(Address, (nuint)_byteCount);
            Address = null;
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the mapping when its owner forgot to.</summary>
    ~ExecutableView() => Dispose();
}
