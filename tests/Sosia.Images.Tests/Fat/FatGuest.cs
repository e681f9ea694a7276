using System;
using System.Buffers.Binary;
using System.IO;
using Sosia.Host.Linux.Files;
using Sosia.Images.Tests.Support;
using Xunit;

namespace Sosia.Images.Tests.Fat;

/// <summary>A guest that works on the disk of a folder: mtools change a copy of the partition, whose sectors are then written to the disk.</summary>
internal sealed class FatGuest
{
    public const ulong PartitionStart = 1 << 20;

    private const int PieceByteCount = 1 << 20;

    // The tables and the first clusters of data; what is beyond is not looked at before it is written.
    private const ulong CopiedByteCount = 16 << 20;

    private readonly DiskImage _disk;

    public FatGuest(DiskImage disk, string folder)
    {
        _disk = disk;
        Partition = Path.Combine(folder, "partition-" + Guid.NewGuid().ToString("N"));
        using FileStream copy = File.Create(Partition);
        copy.SetLength((long)(disk.ByteCount - PartitionStart));
        byte[] piece = new byte[PieceByteCount];
        for (ulong position = 0; position < CopiedByteCount; position += PieceByteCount)
        {
            Assert.Equal(BlockResult.Ok, disk.Read(PartitionStart + position, piece));
            if (piece.AsSpan().ContainsAnyExcept((byte)0))
            {
                copy.Position = (long)position;
                copy.Write(piece);
            }
        }
    }

    /// <summary>The copy.</summary>
    public string Partition { get; }

    /// <summary>Runs one of mtools; %i in the arguments is the copy.</summary>
    public FatGuest Run(string program, params string[] arguments)
    {
        HostProgram.Run(program, ["-i", Partition, .. arguments]);
        return this;
    }

    /// <summary>Changes bytes of the copy.</summary>
    public FatGuest Patch(long position, params byte[] bytes)
    {
        using FileStream copy = File.OpenWrite(Partition);
        copy.Position = position;
        copy.Write(bytes);
        return this;
    }

    /// <summary>Writes to the disk what has changed, sector by sector.</summary>
    public FatGuest Write()
    {
        ForEachChange((place, now) => Assert.Equal(BlockResult.Ok, _disk.Write(place, now)));
        return this;
    }

    /// <summary>Makes a file of what has changed, in both directions: the places on the disk, each followed by its sector.</summary>
    public void Record(string forth, string back)
    {
        using FileStream news = File.Create(forth);
        using FileStream olds = File.Create(back);
        byte[] place = new byte[sizeof(ulong)];
        byte[] before = new byte[512];
        ForEachChange((position, now) =>
        {
            BinaryPrimitives.WriteUInt64LittleEndian(place, position);
            news.Write(place);
            news.Write(now);
            Assert.Equal(BlockResult.Ok, _disk.Read(position, before));
            olds.Write(place);
            olds.Write(before);
        });
    }

    private void ForEachChange(Action<ulong, byte[]> action)
    {
        using HostFile copy = HostFile.TryOpen(Partition, writable: false, out _)!;
        byte[] now = new byte[512];
        byte[] before = new byte[512];
        ulong position = 0;
        while (copy.SeekExtent(position, forData: true, out ulong data) == 0 && data != ulong.MaxValue)
        {
            copy.SeekExtent(data, forData: false, out ulong hole);
            for (position = data; position < hole && position < _disk.ByteCount - PartitionStart; position += 512)
            {
                copy.Read(position, now, out _);
                Assert.Equal(BlockResult.Ok, _disk.Read(PartitionStart + position, before));
                if (!now.AsSpan().SequenceEqual(before))
                {
                    action(PartitionStart + position, now);
                }
            }
        }
    }
}
