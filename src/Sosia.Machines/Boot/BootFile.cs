using System;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;
using Sosia.Core;
using Sosia.Core.Buses;

namespace Sosia.Machines.Boot;

/// <summary>Reads kernels and initrds from the host, with errors that a person can act upon.</summary>
internal static class BootFile
{
    // No kernel is larger; a device file or a disk image given by mistake often is.
    private const long MaxKernelByteCount = 1L << 30;

    /// <summary>Reads a kernel; a gzip file is inflated.</summary>
    public static byte[] ReadKernel(string path)
    {
        using FileStream file = Open(path, "kernel");
        if (file.Length > MaxKernelByteCount)
        {
            throw new SosiaException($"The kernel '{path}' has {file.Length >> 20} MiB, which no kernel has; check the path.");
        }

        byte[] bytes = new byte[file.Length];
        Read(file, bytes, path, "kernel");
        return bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? Inflate(bytes, path) : bytes;
    }

    /// <summary>The size of a file that will be loaded as it is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="role">"initrd" or "module", for error texts.</param>
    public static ulong ByteCount(string path, string role)
    {
        using FileStream file = Open(path, role);
        return (ulong)file.Length;
    }

    /// <summary>Checks that a file can be an initial RAM disk.</summary>
    /// <returns>Its size in bytes.</returns>
    public static ulong CheckInitrd(string path)
    {
        using FileStream file = Open(path, "initrd");
        Span<byte> head = stackalloc byte[1024];
        head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        string? kind = FileKind.Recognize(head);
        if (kind is not null && !FileKind.CanBeInitrd(kind))
        {
            throw new SosiaException($"The initrd '{path}' looks like {kind}, not like a RAM disk (a cpio archive, usually compressed); check the path.");
        }

        if (kind == FileKind.Gzip && !IsCompleteGzip(file))
        {
            throw new SosiaException($"The initrd '{path}' is truncated or damaged: its gzip data does not end well; copy or build it again.");
        }

        return (ulong)file.Length;
    }

    /// <summary>Copies a whole file into guest RAM.</summary>
    public static void Load(MemoryBus memory, ulong guestPhysical, string path, string role)
    {
        using FileStream file = Open(path, role);
        byte[] buffer = new byte[(int)Math.Min(file.Length, 1 << 20)];
        long left = file.Length;
        while (left > 0)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            Read(file, chunk, path, role);
            if (!memory.WriteBytes(guestPhysical, chunk))
            {
                throw new SosiaException($"The {role} '{path}' does not fit into guest memory at 0x{guestPhysical:x}; give more --memory.");
            }

            guestPhysical += (ulong)chunk.Length;
            left -= chunk.Length;
        }
    }

    private static FileStream Open(string path, string role)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw new SosiaException($"The {role} '{path}' is a directory; name a file.");
            }

            // No buffer of its own: callers read in large pieces.
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            if (!file.CanSeek)
            {
                file.Dispose();
                throw new SosiaException($"The {role} '{path}' is a pipe or device; name a regular file.");
            }

            if (file.Length == 0)
            {
                file.Dispose();
                throw new SosiaException($"The {role} '{path}' is empty; name a complete file.");
            }

            return file;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SosiaException($"The {role} '{path}' does not exist; check the path.", FailureKind.Configuration, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new SosiaException($"The {role} '{path}' may not be read by this user; change its permissions or name another file.", FailureKind.Configuration, error);
        }
        catch (Exception error) when (error is IOException or ArgumentException or NotSupportedException)
        {
            throw new SosiaException($"The {role} '{path}' cannot be opened ({error.Message.TrimEnd('.')}); check the path.", FailureKind.Configuration, error);
        }
    }

    private static void Read(FileStream file, Span<byte> destination, string path, string role)
    {
        try
        {
            file.ReadExactly(destination);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The {role} '{path}' cannot be read ({error.Message.TrimEnd('.')}); check the file and the host's storage.", FailureKind.Configuration, error);
        }
    }

    private static byte[] Inflate(byte[] compressed, string path)
    {
        try
        {
            using var inflated = new MemoryStream();
            using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
            gzip.CopyTo(inflated);
            return IsSizeOf(compressed, inflated.Length)
                ? inflated.ToArray()
                : throw new InvalidDataException();
        }
        catch (InvalidDataException error)
        {
            throw new SosiaException($"The kernel '{path}' is truncated or damaged: its gzip data does not end well; copy or build it again.", FailureKind.Configuration, error);
        }
    }

    // The decompressor ends quietly where the data ends. A file that is one gzip member says at its end how long the contents are; only
    // several members or padding, which Linux takes too, leave something else there.
    private static bool IsCompleteGzip(FileStream file)
    {
        file.Position = 0;
        byte[] buffer = new byte[1 << 16];
        try
        {
            using var gzip = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
            long total = 0;
            for (int count; (count = gzip.Read(buffer)) != 0;)
            {
                total += count;
            }

            Span<byte> tail = stackalloc byte[4];
            file.Position = Math.Max(0, file.Length - tail.Length);
            file.ReadExactly(tail);
            uint end = BinaryPrimitives.ReadUInt32LittleEndian(tail);
            return total > 0 && (end == (uint)total || end == 0 || HasAnotherMember(file, buffer));
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            return false;
        }
    }

    // Looks for a second gzip header (RFC 1952, 2.3) or an uncompressed archive behind the first member.
    private static bool HasAnotherMember(FileStream file, byte[] buffer)
    {
        const int HeaderByteCount = 10;
        file.Position = 1;
        int kept = 0;
        for (int count; (count = file.Read(buffer, kept, buffer.Length - kept)) != 0;)
        {
            ReadOnlySpan<byte> window = buffer.AsSpan(0, kept + count);
            for (int i = 0; i + HeaderByteCount <= window.Length; i++)
            {
                ReadOnlySpan<byte> header = window[i..];
                bool isGzip = header.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b, 8])
                    && header[3] is 0 or 8 && header[8] is 0 or 2 or 4 && header[9] is 0 or 3 or 255;
                if (isGzip || header.StartsWith("07070100"u8))
                {
                    return true;
                }
            }

            kept = Math.Min(window.Length, HeaderByteCount - 1);
            window[^kept..].CopyTo(buffer);
        }

        return false;
    }

    // RFC 1952, 2.3.1: the last four bytes are the size modulo 2^32.
    private static bool IsSizeOf(ReadOnlySpan<byte> gzip, long byteCount)
        => gzip.Length >= 18 && BinaryPrimitives.ReadUInt32LittleEndian(gzip[^4..]) == (uint)byteCount;
}
