using System;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Sosia.Host.Linux.Files;

namespace Sosia.Host.Linux.Randomness;

/// <summary>The kernel's random numbers (getrandom(2)), fit for keys. The runtime's own come from OpenSSL, without which it ends the process.</summary>
public static unsafe partial class HostRandom
{
    /// <summary>Fills memory with random bytes. Right after the host's start it waits until the kernel has gathered enough randomness.</summary>
    /// <exception cref="Win32Exception">The kernel refuses, as a system call filter makes it.</exception>
    public static void Fill(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            nint count;
            fixed (byte* start = destination)
            {
                // SAFETY: the kernel writes at most as many bytes as the span has, which stays where it is.
                count = GetRandom(start, (nuint)destination.Length, 0);
            }

            if (count >= 0)
            {
                destination = destination[(int)count..];
            }
            else if (Marshal.GetLastPInvokeError() != HostError.Interrupted)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError());
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint GetRandom(byte* buffer, nuint byteCount, uint flags);
}
