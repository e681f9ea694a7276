using System;
using System.Linq;
using System.Text;
using Sosia.Core;
using Sosia.Core.Randomness;
using Sosia.Devices.Block;
using Sosia.Devices.Flash;
using Sosia.Devices.Tests.Block;
using Sosia.Devices.Tests.Support;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Flash;

/// <summary>A flash memory against the command set 0001h.</summary>
public sealed class CfiFlashTests : IDisposable
{
    private const ulong Base = 0xffc0_0000;
    private const int Size = 0x1_0000;

    private readonly TestBoard _board = new();
    private readonly MemoryBackend _backend = new(Size);
    private readonly BlockDrive _drive;
    private readonly CfiFlash _flash;

    public CfiFlashTests()
    {
        _backend.Bytes.AsSpan().Fill(0xff);
        _backend.Bytes[0x1234] = 0x5a;
        _drive = new BlockDrive("flash0", _backend, BlockErrorPolicy.Default);
        _flash = new CfiFlash(_board.Clock, _drive, _board.Log);
        _flash.Map(_board.Memory, Base);
    }

    public void Dispose()
    {
        _drive.Dispose();
        _board.Dispose();
    }

    [Fact]
    public void It_shows_its_contents_at_every_width()
    {
        Assert.Equal(0x5aUL, Read(0x1234));
        Assert.Equal(0xffff_ffff_5aff_ffffUL, _board.Memory.Read(Base + 0x1231, 8));
    }

    [Fact]
    public void Programming_makes_ones_to_zeros_and_never_zeros_to_ones()
    {
        Program(0x100, 0xf0);
        Assert.Equal(0x80UL, Read(0x100));
        Write(0, 0xff);
        Assert.Equal(0xf0UL, Read(0x100));
        Program(0x100, 0x3f);
        Write(0, 0xff);
        Assert.Equal(0x30UL, Read(0x100));
        Assert.Equal(0x30, _backend.Bytes[0x100]);
    }

    [Fact]
    public void Erasing_takes_one_block_and_needs_a_confirmation()
    {
        Program(0x0fff, 0);
        Program(0x1000, 0);
        Program(0x1fff, 0);
        Program(0x2000, 0);
        Write(0x1800, 0x20);
        Write(0x1800, 0xff);
        Assert.Equal(0xb0UL, Read(0x1800));
        Write(0x1800, 0x50);
        Write(0x1800, 0x20);
        Write(0x1800, 0xd0);
        Assert.Equal(0x80UL, Read(0x1800));
        Write(0x1800, 0xff);
        Assert.Equal(new ulong[] { 0, 0xff, 0xff, 0 }, new[] { 0x0fff, 0x1000, 0x1fff, 0x2000 }.Select(Read));
        Assert.Equal(0xff, _backend.Bytes[0x1234]);
    }

    [Fact]
    public void A_buffer_is_programmed_when_it_is_confirmed_and_not_before()
    {
        Write(0x2000, 0xe8);
        Assert.Equal(0x80UL, Read(0x2000));
        Write(0x2000, 2);
        Write(0x2003, 1);
        Write(0x2005, 3);
        Write(0x2004, 2);
        Assert.Equal(0xff, _backend.Bytes[0x2003]);
        Write(0x2000, 0xd0);
        Write(0x2000, 0xff);
        Assert.Equal(0xff03_0201_ffUL, _board.Memory.Read(Base + 0x2002, 8) & 0xff_ffff_ffffUL);
        Assert.Equal(new byte[] { 0xff, 1, 2, 3, 0xff }, _backend.Part(0x2002, 5));
    }

    [Fact]
    public void What_lies_outside_the_buffer_is_a_sequence_error()
    {
        Write(0x2000, 0xe8);
        Write(0x2000, 1);
        Write(0x2000, 0);
        Write(0x2020, 0);
        Assert.Equal(0xb0UL, Read(0x2000));
        Write(0, 0xff);
        Assert.Equal(0xffUL, Read(0x2000));
        Assert.NotEmpty(_board.Log.Counts);
    }

    [Fact]
    public void The_query_table_describes_it()
    {
        Write(0x55, 0x98);
        Assert.Equal("QRY", Encoding.ASCII.GetString([(byte)Read(0x10), (byte)Read(0x11), (byte)Read(0x12)]));
        Assert.Equal(1UL, _board.Memory.Read(Base + 0x13, 2));
        Assert.Equal(16UL, Read(0x27));
        Assert.Equal((ulong)((Size / 4096) - 1), _board.Memory.Read(Base + 0x2d, 2));
        Assert.Equal(4096UL / 256, _board.Memory.Read(Base + 0x2f, 2));
        Write(0, 0x90);
        Assert.Equal(0x89UL, Read(0));
        Assert.Equal(0UL, Read(0x1002));
    }

    /// <summary>The way in which OVMF finds out whether there is ROM, RAM or flash.</summary>
    [Fact]
    public void Firmware_can_tell_it_from_ram_and_rom()
    {
        Write(0x1234, 0x50);
        Assert.Equal(0x5aUL, Read(0x1234));
        Write(0x1234, 0x70);
        Assert.Equal(0UL, Read(0x1234));
        Write(0x1234, 0xff);
        Assert.Equal(0x5aUL, Read(0x1234));
    }

    [Fact]
    public void Changes_are_made_durable_a_little_later()
    {
        Program(0x100, 0);
        Assert.Equal("write 0+512", _backend.Log[^1]);
        _board.Advance(200_000_000);
        Assert.Equal("flush 0+0", _backend.Log[^1]);
    }

    [Fact]
    public void A_file_that_may_not_be_written_is_a_protected_memory()
    {
        using var drive = new BlockDrive("flash1", new MemoryBackend(Size, isReadOnly: true), BlockErrorPolicy.Default);
        var flash = new CfiFlash(_board.Clock, drive, _board.Log);
        flash.WriteMmio(0, 1, 0x20);
        flash.WriteMmio(0, 1, 0xd0);
        Assert.Equal(0xa2UL, flash.ReadMmio(0, 1));
        flash.WriteMmio(0, 1, 0xff);
        Assert.Equal(0UL, flash.ReadMmio(0, 1));
    }

    [Fact]
    public void When_the_host_has_no_space_it_stops_the_machine_and_writes_later()
    {
        bool stops = false;
        _drive.HostFault = fault => stops = fault.StopsMachine;
        _backend.NextResult = BlockResult.NoSpace;
        Program(0x300, 0);
        Assert.True(stops);
        Assert.Equal(0x80UL, Read(0x300));
        _backend.Bytes[0x300] = 0xff;
        _backend.NextResult = BlockResult.Ok;
        _board.Advance(10_000_000);
        Assert.Equal(0, _backend.Bytes[0x300]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096 + 512)]
    [InlineData((8 << 20) + 4096)]
    public void A_file_of_an_impossible_size_is_refused(int byteCount)
    {
        using var drive = new BlockDrive("vars", new MemoryBackend(byteCount), BlockErrorPolicy.Default);
        SosiaException error = Assert.Throws<SosiaException>(() => new CfiFlash(_board.Clock, drive, _board.Log));
        Assert.Contains($"{byteCount} bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Saved_in_the_middle_of_a_buffer_it_goes_on_elsewhere_with_its_contents()
    {
        Program(0x40, 0x12);
        Write(0x2000, 0xe8);
        Write(0x2000, 1);
        Write(0x2000, 0x21);
        var backend = new MemoryBackend(Size);
        using var drive = new BlockDrive("flash0", backend, BlockErrorPolicy.Default);
        var other = new CfiFlash(_board.Clock, drive, _board.Log);
        TestBoard.Transfer(_flash, other);
        other.WriteMmio(0x2001, 1, 0x43);
        other.WriteMmio(0x2000, 1, 0xd0);
        other.WriteMmio(0, 1, 0xff);
        Assert.Equal(0x4321UL, other.ReadMmio(0x2000, 2));
        Assert.Equal(0x12UL, other.ReadMmio(0x40, 1));
        Assert.Equal(0x12, backend.Bytes[0x40]);
        Assert.Equal(0x5a, backend.Bytes[0x1234]);
    }

    [Fact]
    public void No_sequence_of_accesses_does_harm_and_the_file_is_always_what_is_shown()
    {
        ulong state = 1974;
        byte[] commands = [0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xb0, 0xd0, 0xe8, 0xff];
        _backend.IsSilent = true;
        for (int i = 0; i < 50_000; i++)
        {
            ulong offset = SplitMix64.Next(ref state) % (Size - 8);
            ulong value = SplitMix64.Next(ref state) % 4 == 0 ? SplitMix64.Next(ref state) : commands[SplitMix64.Next(ref state) % (ulong)commands.Length];
            if (SplitMix64.Next(ref state) % 4 == 0)
            {
                _ = _board.Memory.Read(Base + offset, 1 << (int)(SplitMix64.Next(ref state) % 4));
            }
            else
            {
                _board.Memory.Write(Base + offset, SplitMix64.Next(ref state) % 8 == 0 ? 4 : 1, value);
            }
        }

        _flash.Reset();
        for (int offset = 0; offset < Size; offset += 8)
        {
            Assert.Equal(BitConverter.ToUInt64(_backend.Bytes, offset), _board.Memory.Read(Base + (ulong)offset, 8));
        }
    }

    private ulong Read(int offset) => _board.Memory.Read(Base + (ulong)offset, 1);

    private void Write(int offset, byte value) => _board.Memory.Write(Base + (ulong)offset, 1, value);

    private void Program(int offset, byte value)
    {
        Write(offset, 0x40);
        Write(offset, value);
    }
}
