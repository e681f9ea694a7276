using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>Memory below 2 GiB that may be read, written and executed.</summary>
internal static unsafe partial class HostMemory
{
    private const int ProtReadWriteExecute = 7;
    private const int MapPrivate = 2;
    private const int MapAnonymous = 0x20;
    private const int Map32Bit = 0x40;

    /// <summary>Maps zeroed memory.</summary>
    public static byte* MapLow(int byteCount)
    {
        void* address = Map(null, (nuint)byteCount, ProtReadWriteExecute, MapPrivate | MapAnonymous | Map32Bit, -1, 0);
        return address == (void*)-1 ? throw new Win32Exception() : (byte*)address;
    }

    /// <summary>Gives it back.</summary>
    public static void Unmap(byte* address, int byteCount) => Unmap((void*)address, (nuint)byteCount);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);
}
