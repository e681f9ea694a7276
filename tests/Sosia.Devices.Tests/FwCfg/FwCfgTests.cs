using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Devices.FwCfg;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.FwCfg;

public sealed class FwCfgTests : IDisposable
{
    private const ulong Descriptor = 0x1000;
    private const ulong Buffer = 0x2000;
    private const uint Error = 1;
    private const uint Read = 2;
    private const uint Skip = 4;
    private const uint Select = 8;
    private const uint Write = 16;
    private const int RamByteCount = 4 << 20;

    private readonly TestBoard _board = new();
    private readonly FwCfgDevice _device;

    public FwCfgTests()
    {
        _board.Memory.MapRam(0, 0, RamByteCount);
        _device = new FwCfgDevice(_board.Memory, _board.Log);
        _device.Map(_board.Ports);
        _device.AddFile("opt/two", [1, 2, 3, 4, 5]);
        _device.AddFile("etc/one", "first"u8.ToArray());
    }

    public void Dispose() => _board.Dispose();

    [Fact]
    public void The_signature_and_the_revision_say_that_descriptors_are_understood()
    {
        Assert.Equal("QEMU", Encoding.ASCII.GetString(ReadPort(FwCfgKey.Signature, 4)));
        Assert.Equal([3, 0, 0, 0], ReadPort(FwCfgKey.Revision, 4));
        Assert.Equal(0x554d4551u, _board.Ports.Read(0x514, 4));
        Assert.Equal(0x47464320u, _board.Ports.Read(0x518, 4));
    }

    [Fact]
    public void The_directory_lists_the_files_by_name_with_size_and_selector()
    {
        List<(string Name, int Size, ushort Key)> files = Directory();
        Assert.Equal([("etc/one", 5, (ushort)0x20), ("opt/two", 5, (ushort)0x21)], files);
        Assert.Equal("first", Encoding.ASCII.GetString(ReadPort(0x20, 5)));
        Assert.Equal([1, 2, 3, 4, 5], ReadPort(0x21, 5));
    }

    [Fact]
    public void Behind_an_items_end_and_for_an_unknown_selector_there_are_zeros()
    {
        Assert.Equal([1, 2, 3, 4, 5, 0, 0], ReadPort(0x21, 7));
        Assert.Equal([0, 0], ReadPort(0x7777, 2));
        // The old write channel's bit is not part of the number, the architecture's is.
        Assert.Equal([1], ReadPort(0x4021, 1));
        Assert.Equal([0], ReadPort(0x8021, 1));
    }

    [Fact]
    public void A_descriptor_selects_skips_and_reads()
    {
        Assert.Equal(0u, Run((0x21u << 16) | Select | Skip, 2, 0));
        Assert.Equal(0u, Run(Read, 2, Buffer));
        Assert.Equal([3, 4], Memory(Buffer, 2));
        // What is longer than the rest ends with zeros.
        _board.Memory.WriteBytes(Buffer, new byte[] { 9, 9, 9, 9 });
        Assert.Equal(0u, Run(Read, 4, Buffer));
        Assert.Equal([5, 0, 0, 0], Memory(Buffer, 4));
        Assert.Equal(0u, Run((0x20u << 16) | Select | Read, 5, Buffer));
        Assert.Equal("first", Encoding.ASCII.GetString(Memory(Buffer, 5)));
    }

    [Theory]
    [InlineData(Read, 100u, 0xffff_ffff_ffff_fff0)]
    [InlineData(Read, uint.MaxValue, Buffer)]
    [InlineData(Read, uint.MaxValue, 0xffff_ffff_0000_0000)]
    [InlineData(Write, 4u, Buffer)]
    public void A_descriptor_that_leads_nowhere_ends_with_the_error_bit(uint control, uint length, ulong address)
        => Assert.Equal(Error, Run((0x21u << 16) | Select | control, length, address));

    [Theory]
    [InlineData(0xffff_ffffu, 0xffff_fff0u)]
    [InlineData(0u, 0xf000_0000u)]
    [InlineData(0u, (uint)RamByteCount - 4)]
    public void A_descriptor_outside_of_memory_is_counted_and_harms_nobody(uint high, uint low)
    {
        _board.Ports.Write(0x514, 4, BinaryPrimitives.ReverseEndianness(high));
        _board.Ports.Write(0x518, 4, BinaryPrimitives.ReverseEndianness(low));
        Assert.Equal([1], ReadPort(0x21, 1));
    }

    [Fact]
    public void A_descriptor_that_is_its_own_target_ends()
        => Assert.Equal(0u, Run((0x21u << 16) | Select | Read, 16, Descriptor));

    [Fact]
    public void Writes_through_the_data_port_change_nothing()
    {
        _board.Ports.Write(0x510, 2, 0x21);
        _board.Ports.Write(0x511, 1, 0xff);
        Assert.Equal([1, 2], ReadPort(0x21, 2));
    }

    [Fact]
    public void A_file_that_depends_on_the_chipset_is_made_when_it_is_selected()
    {
        byte value = 1;
        _device.AddFile("etc/made", () => [value]);
        value = 2;
        ushort key = Directory().Find(static file => file.Name == "etc/made").Key;
        Assert.Equal([2], ReadPort(key, 1));
        value = 3;
        Assert.Equal([3], ReadPort(key, 1));
    }

    [Fact]
    public void Saved_in_the_middle_of_an_item_it_goes_on_behind_that()
    {
        byte value = 7;
        _device.AddFile("etc/made", () => [value, value]);
        ushort key = Directory().Find(static file => file.Name == "etc/made").Key;
        Assert.Equal([7], ReadPort(key, 1));
        value = 8;
        using var other = new TestBoard();
        var copy = new FwCfgDevice(other.Memory, other.Log);
        copy.Map(other.Ports);
        copy.AddFile("opt/two", [1, 2, 3, 4, 5]);
        copy.AddFile("etc/one", "first"u8.ToArray());
        copy.AddFile("etc/made", () => [9, 9]);
        TestBoard.Transfer(_device, copy);
        Assert.Equal(7u, other.Ports.Read(0x511, 1));
        Assert.Equal(0u, other.Ports.Read(0x511, 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData("näme")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567")]
    public void An_impossible_name_is_refused(string name) => Assert.Throws<ArgumentException>(() => _device.AddFile(name, [1]));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_accesses_never_throw(int seed)
    {
        var random = new Random(seed);
        Span<byte> noise = stackalloc byte[16];
        for (int i = 0; i < 5_000; i++)
        {
            random.NextBytes(noise);
            // A length that memory bounds only after megabytes would cost this test its time.
            BinaryPrimitives.WriteUInt32BigEndian(noise[4..], (uint)random.Next() & 0xffff);
            _board.Memory.WriteBytes(Descriptor, noise);
            int width = 1 << random.Next(3);
            ushort port = (ushort)(random.Next(2) == 0 ? 0x510 + random.Next(2) : 0x514 + random.Next(8));
            if (random.Next(3) == 0)
            {
                _ = _board.Ports.Read(port, width);
            }
            else
            {
                _board.Ports.Write(port, width, random.Next(2) == 0 ? (uint)random.Next() : BinaryPrimitives.ReverseEndianness((uint)Descriptor));
            }
        }
    }

    private byte[] ReadPort(ushort key, int byteCount)
    {
        _board.Ports.Write(0x510, 2, key);
        byte[] bytes = new byte[byteCount];
        for (int i = 0; i < byteCount; i++)
        {
            bytes[i] = (byte)_board.Ports.Read(0x511, 1);
        }

        return bytes;
    }

    private List<(string Name, int Size, ushort Key)> Directory()
    {
        int count = BinaryPrimitives.ReadInt32BigEndian(ReadPort(FwCfgKey.Directory, 4));
        byte[] directory = ReadPort(FwCfgKey.Directory, 4 + (count * 64));
        List<(string Name, int Size, ushort Key)> files = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = directory.AsSpan(4 + (i * 64), 64);
            files.Add((Encoding.ASCII.GetString(entry[8..]).TrimEnd('\0'), BinaryPrimitives.ReadInt32BigEndian(entry), BinaryPrimitives.ReadUInt16BigEndian(entry[4..])));
        }

        return files;
    }

    // Runs a descriptor and gives the control word that it leaves.
    private uint Run(uint control, uint length, ulong address)
    {
        byte[] descriptor = new byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(descriptor, control);
        BinaryPrimitives.WriteUInt32BigEndian(descriptor.AsSpan(4), length);
        BinaryPrimitives.WriteUInt64BigEndian(descriptor.AsSpan(8), address);
        _board.Memory.WriteBytes(Descriptor, descriptor);
        _board.Ports.Write(0x514, 4, 0);
        _board.Ports.Write(0x518, 4, BinaryPrimitives.ReverseEndianness((uint)Descriptor));
        return BinaryPrimitives.ReadUInt32BigEndian(Memory(Descriptor, 4));
    }

    private byte[] Memory(ulong guestPhysical, int byteCount)
    {
        byte[] bytes = new byte[byteCount];
        _board.Memory.ReadBytes(guestPhysical, bytes);
        return bytes;
    }
}
