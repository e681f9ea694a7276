using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>A file descriptor of KVM's: the system, a virtual machine or a virtual processor; and the ways to ask it.</summary>
public abstract unsafe partial class KvmDescriptor : IDisposable
{
    private int _fileDescriptor;

    private protected KvmDescriptor(int fileDescriptor)
    {
        _fileDescriptor = fileDescriptor;
    }

    private protected int FileDescriptor => _fileDescriptor;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives everything back to the kernel.</summary>
    /// <param name="disposing">False from a finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (_fileDescriptor >= 0)
        {
            _ = Close(_fileDescriptor);
            _fileDescriptor = -1;
        }
    }

    /// <summary>Asks, with a number or a pointer.</summary>
    /// <returns>What the kernel answers; negative: the error number, negated.</returns>
    private protected int TryAsk(uint request, nint argument = 0)
    {
        int result = Ioctl(_fileDescriptor, request, argument);
        return result < 0 ? -Marshal.GetLastPInvokeError() : result;
    }

    /// <summary>Asks something that has to work.</summary>
    /// <exception cref="Win32Exception">The kernel refuses; carries errno.</exception>
    private protected int Ask(uint request, nint argument = 0)
    {
        int result = TryAsk(request, argument);
        return result >= 0 ? result : throw new Win32Exception(-result);
    }

    /// <summary>Gives the kernel a structure.</summary>
    /// <exception cref="Win32Exception">The kernel refuses; carries errno.</exception>
    private protected void Give<T>(uint number, in T value)
        where T : unmanaged
    {
        fixed (T* pointer = &value)
        {
            // SAFETY: the kernel reads as many bytes as the request's number says, which is the structure's size.
            Ask(KvmRequest.ReadsFromUser<T>(number), (nint)pointer);
        }
    }

    /// <summary>Gives the kernel a structure.</summary>
    /// <returns>0, or the error number.</returns>
    private protected int TryGive<T>(uint number, in T value)
        where T : unmanaged
    {
        fixed (T* pointer = &value)
        {
            // SAFETY: as in Give.
            return -Math.Min(0, TryAsk(KvmRequest.ReadsFromUser<T>(number), (nint)pointer));
        }
    }

    /// <summary>Takes a structure from the kernel.</summary>
    /// <exception cref="Win32Exception">The kernel refuses; carries errno.</exception>
    private protected void Take<T>(uint number, out T value)
        where T : unmanaged
    {
        value = default;
        fixed (T* pointer = &value)
        {
            // SAFETY: the kernel writes as many bytes as the request's number says, which is the structure's size.
            Ask(KvmRequest.WritesToUser<T>(number), (nint)pointer);
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fileDescriptor, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fileDescriptor);
}
