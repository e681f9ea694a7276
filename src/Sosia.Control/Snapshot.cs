using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Machines;

namespace Sosia.Control;

/// <summary>
/// The file form of a saved machine. A header {"SOSIASNP", format version, shape} in the clear; then, compressed with zlib, the clock, one
/// section per part and every RAM page that is not zero; last the 128-bit xxHash (XXH3) of all before. Numbers are little-endian, texts are UTF-8
/// preceded by their length in bytes.
/// </summary>
/// <remarks>
/// The hash finds damage; it is no signature. It is a managed one because the runtime's own come from OpenSSL, which a host need not have. Version 1 of the
/// format had SHA-256 in its place.
/// </remarks>
internal static class Snapshot
{
    private const int FormatVersion = 2;
    private const uint EndOfPages = uint.MaxValue;
    private const int MaxTextByteCount = 4096;
    private const int MaxSectionByteCount = 64 << 20;
    private const int HashByteCount = 16;

    // The magic number and the format version.
    private const int VersionedByteCount = 8 + 4;

    private static ReadOnlySpan<byte> Magic => "SOSIASNP"u8;

    /// <summary>Writes a machine that does not run.</summary>
    public static void Save(Machine machine, Stream stream)
    {
        using var hashing = new HashingStream(stream);
        hashing.Write(Magic);
        WriteInt32(hashing, FormatVersion);
        WriteText(hashing, machine.Shape);
        using (var body = new ZLibStream(hashing, CompressionLevel.Fastest, leaveOpen: true))
        {
            WriteInt64(body, machine.Clock.NowNanoseconds);
            WriteInt32(body, machine.Parts.Count);
            foreach (ISnapshotable part in machine.Parts)
            {
                WriteText(body, part.SnapshotName);
                WriteInt32(body, part.SnapshotVersion);
                byte[] section = SaveSection(part);
                WriteInt32(body, section.Length);
                body.Write(section);
            }

            WritePages(machine.Ram, body);
        }

        Span<byte> hash = stackalloc byte[HashByteCount];
        hashing.GetHash(hash);
        stream.Write(hash);
    }

    /// <summary>Puts a saved state into a machine that does not run. Nothing changes unless everything fits.</summary>
    /// <exception cref="SosiaException">The snapshot is damaged, of another version, or of a machine of another shape.</exception>
    public static void Restore(Machine machine, Stream stream)
    {
        // Two passes: the first proves that the snapshot is whole, the second applies it. Only a seekable stream can be read twice.
        Stream source = stream;
        if (!stream.CanSeek)
        {
            source = new MemoryStream();
            stream.CopyTo(source);
            source.Position = 0;
        }

        long start = source.Position;
        try
        {
            long bodyEnd = Verify(source);
            source.Position = start;
            CheckShape(source, machine);
            using var body = new ZLibStream(new BoundedStream(source, bodyEnd), CompressionMode.Decompress, leaveOpen: true);
            Apply(machine, body);
            source.Position = bodyEnd + HashByteCount;
        }
        catch (Exception error) when (error is EndOfStreamException or InvalidDataException)
        {
            throw new SosiaException("The snapshot is truncated or damaged; nothing was restored.", FailureKind.Configuration, error);
        }
    }

    private static byte[] SaveSection(ISnapshotable part)
    {
        var writer = new SnapshotWriter();
        part.Save(writer);
        return writer.ToArray();
    }

    private static unsafe void WritePages(GuestRam ram, Stream body)
    {
        ulong pageCount = ram.ByteCount / GuestRam.PageSize;
        for (ulong page = ram.FindTouchedPages(0, out ulong end); page < pageCount; page = ram.FindTouchedPages(end, out end))
        {
            for (; page < end; page++)
            {
                // SAFETY: the page lies within RAM.
                var bytes = new ReadOnlySpan<byte>(ram.HostBase + (page * GuestRam.PageSize), GuestRam.PageSize);
                if (bytes.ContainsAnyExcept((byte)0))
                {
                    WriteInt32(body, (int)(uint)page);
                    body.Write(bytes);
                }
            }
        }

        WriteInt32(body, unchecked((int)EndOfPages));
    }

    // Checks version, length and hash.
    private static long Verify(Stream source)
    {
        long length = source.Length - source.Position;
        if (length < VersionedByteCount + HashByteCount)
        {
            throw new EndOfStreamException();
        }

        Span<byte> begin = stackalloc byte[VersionedByteCount];
        source.ReadExactly(begin);
        if (!begin.StartsWith(Magic))
        {
            throw new SosiaException("The file is not a snapshot of Sosia; name another one.");
        }

        int version = BinaryPrimitives.ReadInt32LittleEndian(begin[Magic.Length..]);
        if (version != FormatVersion)
        {
            throw new SosiaException($"The snapshot has format version {version}, but this build reads version {FormatVersion}; restore it with the build that wrote it.");
        }

        var hash = new XxHash128();
        hash.Append(begin);
        byte[] buffer = new byte[1 << 16];
        long left = length - VersionedByteCount - HashByteCount;
        while (left > 0)
        {
            Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            source.ReadExactly(chunk);
            hash.Append(chunk);
            left -= chunk.Length;
        }

        long bodyEnd = source.Position;
        Span<byte> stored = stackalloc byte[HashByteCount];
        source.ReadExactly(stored);
        if (!stored.SequenceEqual(hash.GetCurrentHash()))
        {
            throw new InvalidDataException();
        }

        return bodyEnd;
    }

    private static void CheckShape(Stream source, Machine machine)
    {
        source.Position += VersionedByteCount;
        string shape = ReadText(source);
        if (shape != machine.Shape)
        {
            throw new SosiaException($"The snapshot is of another machine ({shape}) than this one ({machine.Shape}); create the machine with the same options.");
        }
    }

    private static void Apply(Machine machine, Stream body)
    {
        long nanoseconds = ReadInt64(body);
        Dictionary<string, SnapshotReader> sections = ReadSections(body);
        foreach (ISnapshotable part in machine.Parts)
        {
            if (!sections.ContainsKey(part.SnapshotName))
            {
                throw new SosiaException($"The snapshot has no section '{part.SnapshotName}': it is of another build or machine; nothing was restored.");
            }
        }

        if (sections.Count != machine.Parts.Count)
        {
            throw new SosiaException("The snapshot has sections for devices that this machine lacks; create the machine with the same options.");
        }

        // A part may still refuse its section (another version): then all go back to what they were.
        long before = machine.Clock.NowNanoseconds;
        Dictionary<string, SnapshotReader> undo = [];
        foreach (ISnapshotable part in machine.Parts)
        {
            undo[part.SnapshotName] = new SnapshotReader(part.SnapshotName, part.SnapshotVersion, SaveSection(part));
        }

        try
        {
            RestoreParts(machine, nanoseconds, sections);
        }
        catch
        {
            RestoreParts(machine, before, undo);
            throw;
        }

        RestorePages(machine.Ram, body);
    }

    private static Dictionary<string, SnapshotReader> ReadSections(Stream body)
    {
        Dictionary<string, SnapshotReader> sections = [];
        int count = ReadInt32(body);
        for (int i = 0; i < count; i++)
        {
            string name = ReadText(body);
            int version = ReadInt32(body);
            int byteCount = ReadInt32(body);
            if (byteCount is < 0 or > MaxSectionByteCount)
            {
                throw new InvalidDataException();
            }

            byte[] bytes = new byte[byteCount];
            body.ReadExactly(bytes);
            sections[name] = new SnapshotReader(name, version, bytes);
        }

        return sections;
    }

    // Processors first, because deterministic time is their instruction count; then the clock, on which devices arm their timers.
    private static void RestoreParts(Machine machine, long nanoseconds, Dictionary<string, SnapshotReader> sections)
    {
        foreach (IVcpu cpu in machine.Cpus)
        {
            cpu.Restore(sections[cpu.SnapshotName]);
        }

        machine.Clock.Restore(nanoseconds);
        foreach (ISnapshotable part in machine.Parts)
        {
            if (part is not IVcpu)
            {
                part.Restore(sections[part.SnapshotName]);
            }
        }
    }

    private static unsafe void RestorePages(GuestRam ram, Stream body)
    {
        ulong pageCount = ram.ByteCount / GuestRam.PageSize;
        var kept = new HashSet<ulong>();
        byte[] bytes = new byte[GuestRam.PageSize];
        for (uint index; (index = (uint)ReadInt32(body)) != EndOfPages;)
        {
            if (index >= pageCount)
            {
                throw new InvalidDataException();
            }

            body.ReadExactly(bytes);
            ram.Write((ulong)index * GuestRam.PageSize, bytes);
            kept.Add(index);
        }

        Array.Clear(bytes);
        for (ulong page = ram.FindTouchedPages(0, out ulong end); page < pageCount; page = ram.FindTouchedPages(end, out end))
        {
            for (; page < end; page++)
            {
                // SAFETY: the page lies within RAM.
                if (!kept.Contains(page) && new ReadOnlySpan<byte>(ram.HostBase + (page * GuestRam.PageSize), GuestRam.PageSize).ContainsAnyExcept((byte)0))
                {
                    ram.Write(page * GuestRam.PageSize, bytes);
                }
            }
        }
    }

    private static void WriteInt32(Stream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteInt64(Stream stream, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteText(Stream stream, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        WriteInt32(stream, bytes.Length);
        stream.Write(bytes);
    }

    private static int ReadInt32(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[4];
        stream.ReadExactly(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    private static long ReadInt64(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[8];
        stream.ReadExactly(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private static string ReadText(Stream stream)
    {
        int length = ReadInt32(stream);
        if (length is < 0 or > MaxTextByteCount)
        {
            throw new InvalidDataException();
        }

        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }
}
