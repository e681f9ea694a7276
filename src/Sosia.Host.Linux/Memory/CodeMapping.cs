using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Memory;

/// <summary>
/// Memory for machine code, mapped twice: code is written through one mapping and runs through the other, and no page is ever both writable
/// and executable (W^X).
/// </summary>
/// <remarks>
/// See mmap(2) and mremap(2): an old size of zero duplicates a shared mapping. It is anonymous memory rather than a memory file because perf(1)
/// asks the map of a process (/tmp/perf-PID.map) only about code that is in no file. The host gives it pages as they are first touched.
/// </remarks>
public sealed unsafe class CodeMapping : IDisposable
{
    private readonly nuint _byteCount;

    /// <summary>Maps memory.</summary>
    /// <param name="byteCount">The size; rounded up to whole pages by the host.</param>
    /// <exception cref="Win32Exception">The host has no room; carries errno.</exception>
    public CodeMapping(ulong byteCount)
    {
        _byteCount = (nuint)byteCount;
        // SAFETY: a fresh mapping chosen by the kernel; it is unmapped only in Dispose.
        void* write = MemoryCalls.Mmap(
            null, _byteCount, MemoryCalls.ProtRead | MemoryCalls.ProtWrite, MemoryCalls.MapShared | MemoryCalls.MapAnonymous | MemoryCalls.MapNoReserve, -1, 0);
        Write = (byte*)Check(write);
        // SAFETY: as above; nothing uses the second mapping before this returns.
        void* execute = MemoryCalls.Mremap(write, 0, _byteCount, MemoryCalls.MremapMayMove);
        Execute = (byte*)Check(execute);
    }

    /// <summary>The host virtual address of the first byte, for writing.</summary>
    public byte* Write { get; private set; }

    /// <summary>The host virtual address of the first byte, for running.</summary>
    public byte* Execute { get; private set; }

    /// <summary>Makes <see cref="Execute"/> executable, and read-only.</summary>
    /// <exception cref="Win32Exception">The host refuses executable memory; carries errno.</exception>
    public void AllowExecution()
    {
        // SAFETY: the address and size are those of this object's own mapping.
        if (MemoryCalls.Mprotect(Execute, _byteCount, MemoryCalls.ProtRead | MemoryCalls.ProtExec) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the mappings when their owner forgot to.</summary>
    ~CodeMapping() => Unmap();

    private void Unmap()
    {
        // SAFETY: the addresses and size are those that the kernel returned; nothing may run in the memory any more.
        if (Execute != null)
        {
            _ = MemoryCalls.Munmap(Execute, _byteCount);
            Execute = null;
        }

        if (Write != null)
        {
            _ = MemoryCalls.Munmap(Write, _byteCount);
            Write = null;
        }
    }

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
}
