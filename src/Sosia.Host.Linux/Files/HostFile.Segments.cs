using System;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sosia.Host.Linux.Files;

/// <content>Positioned I/O with several runs of memory by one call.</content>
public sealed unsafe partial class HostFile
{
    // IOV_MAX.
    private const int MaxSegments = 1024;

    /// <summary>Reads at a position into runs of memory, one after the other.</summary>
    /// <param name="byteOffset">Where.</param>
    /// <param name="destination">Receive the bytes.</param>
    /// <param name="readByteCount">How many were read; less than asked for only at the end of the file.</param>
    /// <returns>0 or an error number.</returns>
    public int Read(ulong byteOffset, ReadOnlySpan<HostSegment> destination, out ulong readByteCount)
    {
        readByteCount = 0;
        while (!destination.IsEmpty)
        {
            nint done;
            // SAFETY: the list stays pinned during the call; who made the segments vouches for their memory.
            fixed (HostSegment* first = destination)
            {
                done = PReadV(_handle, first, Math.Min(destination.Length, MaxSegments), (long)(byteOffset + readByteCount));
            }

            if (done <= 0)
            {
                int failure = done == 0 ? 0 : Marshal.GetLastPInvokeError();
                if (failure == HostError.Interrupted)
                {
                    continue;
                }

                return failure;
            }

            readByteCount += (ulong)done;
            Span<byte> rest = SkipDone(ref destination, done);
            int error = Read(byteOffset + readByteCount, rest, out int restByteCount);
            readByteCount += (ulong)restByteCount;
            if (error != 0 || restByteCount < rest.Length)
            {
                return error;
            }
        }

        return 0;
    }

    /// <summary>Writes all bytes of runs of memory, one after the other, at a position.</summary>
    /// <returns>0 or an error number; part of the bytes may have been written then.</returns>
    public int Write(ulong byteOffset, ReadOnlySpan<HostSegment> source)
    {
        while (!source.IsEmpty)
        {
            nint done;
            // SAFETY: the list stays pinned during the call; who made the segments vouches for their memory.
            fixed (HostSegment* first = source)
            {
                done = PWriteV(_handle, first, Math.Min(source.Length, MaxSegments), (long)byteOffset);
            }

            if (done <= 0)
            {
                int failure = done == 0 ? HostError.InputOutput : Marshal.GetLastPInvokeError();
                if (failure == HostError.Interrupted)
                {
                    continue;
                }

                return failure;
            }

            byteOffset += (ulong)done;
            Span<byte> rest = SkipDone(ref source, done);
            int error = Write(byteOffset, rest);
            if (error != 0)
            {
                return error;
            }

            byteOffset += (ulong)rest.Length;
        }

        return 0;
    }

    // Drops what was moved; what is left of a segment in which the host stopped goes with it, to be moved by itself.
    private static Span<byte> SkipDone(ref ReadOnlySpan<HostSegment> segments, nint done)
    {
        while (!segments.IsEmpty && done >= segments[0].ByteCount)
        {
            done -= segments[0].ByteCount;
            segments = segments[1..];
        }

        if (done == 0)
        {
            return [];
        }

        Span<byte> rest = segments[0].Span[(int)done..];
        segments = segments[1..];
        return rest;
    }

    [LibraryImport("libc", EntryPoint = "preadv", SetLastError = true)]
    private static partial nint PReadV(SafeFileHandle file, HostSegment* segments, int count, long offset);

    [LibraryImport("libc", EntryPoint = "pwritev", SetLastError = true)]
    private static partial nint PWriteV(SafeFileHandle file, HostSegment* segments, int count, long offset);
}
