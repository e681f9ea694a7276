using System;
using System.Buffers.Binary;
using System.Text;
using Sosia.Core;
using Sosia.Devices.Block;
using Sosia.Devices.Tests.Block;
using Xunit;

namespace Sosia.Devices.Tests.Ide;

public sealed class AtapiTests : IDisposable
{
    private const int BlockCount = 1000;
    private const byte Ready = 0x40;
    private const byte ReadyWithError = 0x41;

    private readonly IdeBench _bench = new();
    private readonly MemoryBackend _disc = new(BlockCount * 2048, isReadOnly: true);
    private readonly RemovableDrive _drive;

    public AtapiTests()
    {
        new Random(7).NextBytes(_disc.Bytes);
        _drive = _bench.AddCdRom(0, _disc);
        _bench.PowerOn();
        // The attention that every power-on and reset leaves behind.
        _bench.SendPacket(0, false, 0x00);
        Assert.Equal((6, 0x2900), _bench.Sense());
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_packet_device_is_known_by_its_signature()
    {
        _bench.Issue(0xec);
        Assert.Equal(ReadyWithError, _bench.In(IdeBench.Command));
        Assert.Equal([0x14, 0xeb], [_bench.In(IdeBench.LbaMid), _bench.In(IdeBench.LbaHigh)]);
        _bench.Issue(0xa1);
        Assert.Equal(0x85c0, BinaryPrimitives.ReadUInt16LittleEndian(_bench.ReadData(512)));
        _bench.Out(IdeBench.Command, 0x08);
        Assert.Equal(0, _bench.In(IdeBench.Command));
        Assert.Equal([1, 1, 0x14, 0xeb], [_bench.In(IdeBench.Count), _bench.In(IdeBench.LbaLow), _bench.In(IdeBench.LbaMid), _bench.In(IdeBench.LbaHigh)]);
    }

    [Fact]
    public void A_CD_drive_alone_does_not_show_its_signature_in_the_place_of_device_1()
    {
        _bench.Out(IdeBench.Command, 0x08);
        _bench.Out(IdeBench.Device, 0xb0);
        Assert.Equal([0, 0, 0], [_bench.In(IdeBench.Command), _bench.In(IdeBench.LbaMid), _bench.In(IdeBench.LbaHigh)]);
        _bench.Out(IdeBench.Device, 0xa0);
        Assert.Equal([0x14, 0xeb], [_bench.In(IdeBench.LbaMid), _bench.In(IdeBench.LbaHigh)]);
    }

    [Fact]
    public void Data_come_in_blocks_of_the_byte_count_limit_with_an_interrupt_each_and_one_for_the_status()
    {
        int before = _bench.Board.Irqs.Edges(IdeBench.Irq);
        _bench.SendPacket(1500, false, 0x28, 0, 0, 0, 0, 10, 0, 0, 2, 0);
        byte[] data = _bench.ReadPacketData();
        Assert.Equal(_disc.Part(10 * 2048, 4096), data);
        // 1500 + 1500 + 1096, and the end.
        Assert.Equal(before + 4, _bench.Board.Irqs.Edges(IdeBench.Irq));
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
    }

    [Fact]
    public void A_transfer_without_a_byte_count_limit_is_aborted()
    {
        _bench.SendPacket(0, false, 0x28, 0, 0, 0, 0, 10, 0, 0, 2, 0);
        Assert.Equal(ReadyWithError, _bench.In(IdeBench.Command));
        Assert.Equal(4, _bench.In(IdeBench.Error));
    }

    [Fact]
    public void Read_12_moves_by_DMA()
    {
        _bench.PrepareDma(isToMemory: true, (0x10_0000, 2048), (0x20_0000, 4096));
        _bench.SendPacket(0, true, 0xa8, 0, 0, 0, 0, 3, 0, 0, 0, 3);
        _bench.StartDma();
        Assert.Equal(0x64, _bench.In(IdeBench.BusMaster + 2));
        byte[] data = new byte[4096];
        _bench.Board.Memory.ReadBytes(0x20_0000, data);
        Assert.Equal(_disc.Part(4 * 2048, 4096), data);
    }

    [Fact]
    public void Blocks_beyond_the_end_are_refused()
    {
        _bench.SendPacket(0xfffe, false, 0x28, 0, 0, 0, 0x03, 0xe7, 0, 0, 2, 0);
        Assert.Equal(0x54, _bench.In(IdeBench.Error));
        Assert.Equal((5, 0x2100), _bench.Sense());
        Assert.Equal((0, 0), _bench.Sense());
        Assert.Equal([0, 0, 0x03, 0xe7, 0, 0, 8, 0], _bench.Ask(0x25));
    }

    [Fact]
    public void A_whole_sector_has_header_data_and_checksums()
    {
        byte[] sector = _bench.Ask(0xbe, 8, 0, 0, 0, 150, 0, 0, 1, 0xf8, 0, 0);
        Assert.Equal(2352, sector.Length);
        // Block 150 is 4 seconds after the start of the lead-in; mode 1.
        Assert.Equal([0x00, 0x04, 0x00, 0x01], sector[12..16]);
        Assert.Equal(_disc.Part(150 * 2048, 2048), sector[16..2064]);
        AssertCodeWords(sector);
        byte[] dataOnly = _bench.Ask(0xbe, 0, 0, 0, 0, 150, 0, 0, 2, 0x10, 0, 0);
        Assert.Equal(_disc.Part(150 * 2048, 4096), dataOnly);
        Assert.Equal(sector[..16], _bench.Ask(0xb9, 8, 0, 0, 4, 0, 0, 4, 1, 0xa0, 0, 0));
    }

    [Fact]
    public void The_table_of_contents_has_one_track()
    {
        Assert.Equal([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 3, 0xe8], _bench.Ask(0x43, 0, 0, 0, 0, 0, 0, 0, 100, 0));
        Assert.Equal([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0, 0, 0x14, 0xaa, 0, 0, 0, 15, 25], _bench.Ask(0x43, 2, 0, 0, 0, 0, 0, 0, 100, 0));
        Assert.Equal([0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0], _bench.Ask(0x43, 0, 1, 0, 0, 0, 0, 0, 100, 0));
        Assert.Equal(48, _bench.Ask(0x43, 2, 2, 0, 0, 0, 1, 0, 100, 0).Length);
        Assert.Equal(4, _bench.Ask(0x43, 0, 0, 0, 0, 0, 0, 0, 4, 0).Length);
        _bench.SendPacket(0xfffe, false, 0x43, 0, 0, 0, 0, 0, 5, 0, 100, 0);
        Assert.Equal((5, 0x2400), _bench.Sense());
    }

    [Fact]
    public void An_ejected_and_a_changed_disc_are_noticed_once()
    {
        _drive.Eject();
        _bench.SendPacket(0, false, 0x00);
        Assert.Equal((2, 0x3a02), _bench.Sense());
        Assert.Equal([0, 6, 4, 0x10, 3, 1, 0, 0], _bench.Ask(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
        var other = new MemoryBackend(500 * 2048, isReadOnly: true);
        _drive.Insert(other);
        Assert.Equal([0, 6, 4, 0x10, 2, 2, 0, 0], _bench.Ask(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
        Assert.Equal([0, 6, 4, 0x10, 0, 2, 0, 0], _bench.Ask(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
        _bench.SendPacket(0, false, 0x00);
        Assert.Equal((6, 0x2800), _bench.Sense());
        _bench.SendPacket(0, false, 0x00);
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal([0, 0, 1, 0xf3, 0, 0, 8, 0], _bench.Ask(0x25));
    }

    [Fact]
    public void A_locked_drive_keeps_its_disc()
    {
        _bench.SendPacket(0, false, 0x1e, 0, 0, 0, 1);
        _bench.SendPacket(0, false, 0x1b, 0, 0, 0, 2);
        Assert.Equal((5, 0x5302), _bench.Sense());
        Assert.Throws<SosiaException>(() => _drive.Eject());
        Assert.Equal([0, 6, 4, 0x10, 1, 2, 0, 0], _bench.Ask(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8));
        Assert.False(_disc.IsDisposed);
        _bench.SendPacket(0, false, 0x1e, 0, 0, 0, 0);
        _bench.SendPacket(0, false, 0x1b, 0, 0, 0, 2);
        Assert.True(_drive.IsTrayOpen);
        _bench.SendPacket(0, false, 0x00);
        Assert.Equal((2, 0x3a02), _bench.Sense());
        _bench.SendPacket(0, false, 0x1b, 0, 0, 0, 3);
        _bench.SendPacket(0, false, 0x00);
        Assert.Equal((6, 0x2800), _bench.Sense());
        _drive.Eject(force: true);
        Assert.True(_disc.IsDisposed);
    }

    [Fact]
    public void Inquiry_mode_pages_and_configuration_are_as_the_standards_say()
    {
        byte[] inquiry = _bench.Ask(0x12, 0, 0, 0, 96);
        Assert.Equal(36, inquiry.Length);
        Assert.Equal([5, 0x80], inquiry[..2]);
        Assert.Equal("SOSIA   CD-ROM DRIVE", Encoding.ASCII.GetString(inquiry, 8, 20));
        byte[] capabilities = _bench.Ask(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100, 0);
        Assert.Equal(capabilities.Length - 2, capabilities[1]);
        Assert.Equal([0x2a, 20], capabilities[8..10]);
        byte[] configuration = _bench.Ask(0x46, 0, 0, 0, 0, 0, 0, 1, 0, 0);
        Assert.Equal(configuration.Length - 4, configuration[3]);
        Assert.Equal([0, 8], configuration[6..8]);
        Assert.Equal(16, _bench.Ask(0x46, 2, 0, 3, 0, 0, 0, 1, 0, 0).Length);
        // An odd number of bytes ends with half a word.
        Assert.Equal(inquiry[..5], _bench.Ask(0x12, 0, 0, 0, 5));
        Assert.Equal(34, _bench.Ask(0x51, 0, 0, 0, 0, 0, 0, 0, 100, 0).Length);
        Assert.Equal(8, _bench.Ask(0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8).Length);
        Assert.Equal([0, 0x15, 0, 12, 1, 0x14, 1, 1], _bench.Ask(0x42, 2, 0x40, 1, 0, 0, 0, 0, 100, 0)[..8]);
        _bench.SendPacket(0xfffe, false, 0x99);
        Assert.Equal((5, 0x2000), _bench.Sense());
    }

    [Fact]
    public void Mode_select_changes_a_page_that_mode_sense_then_shows()
    {
        _bench.SendPacket(0xfffe, false, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 16, 0);
        Assert.Equal(0, _bench.In(IdeBench.Count));
        _bench.WriteData([0, 0, 0, 0, 0, 0, 0, 0, 1, 6, 0x20, 9, 0, 0, 0, 0]);
        Assert.Equal(Ready, _bench.In(IdeBench.Command));
        Assert.Equal([1, 6, 0x20, 9], _bench.Ask(0x5a, 0, 1, 0, 0, 0, 0, 0, 100, 0)[8..12]);
        Assert.Equal([1, 6, 0, 5], _bench.Ask(0x5a, 0, 0x81, 0, 0, 0, 0, 0, 100, 0)[8..12]);
        _bench.SendPacket(0xfffe, false, 0x55, 0x10, 0, 0, 0, 0, 0, 0, 10, 0);
        _bench.WriteData([0, 0, 0, 0, 0, 0, 0, 0, 1, 200]);
        Assert.Equal((5, 0x1a00), _bench.Sense());
    }

    [Fact]
    public void A_packet_in_the_middle_of_its_data_survives_saving_and_restoring()
    {
        using var other = new IdeBench();
        other.AddCdRom(0, _disc);
        other.PowerOn();
        _bench.SendPacket(1000, false, 0xbe, 8, 0, 0, 0, 20, 0, 0, 1, 0xf8, 0, 0);
        byte[] first = _bench.ReadData(600);
        _bench.MoveTo(other);
        byte[] second = other.ReadData(400);
        byte[] rest = other.ReadPacketData();
        Assert.Equal(2352, first.Length + second.Length + rest.Length);
        Assert.Equal(_disc.Part(20 * 2048, 2048), ((byte[])[.. first, .. second, .. rest])[16..2064]);
    }

    // A parity check that shares nothing with how the parities were made: both sums of every code word are 0 (ECMA-130, annex A).
    private static void AssertCodeWords(byte[] sector)
    {
        for (int plane = 0; plane < 2; plane++)
        {
            for (int column = 0; column < 43; column++)
            {
                AssertCodeWord(26, i => sector[12 + (2 * ((43 * i) + column)) + plane]);
            }

            for (int diagonal = 0; diagonal < 26; diagonal++)
            {
                AssertCodeWord(45, i => i < 43
                    ? sector[12 + (2 * (((44 * i) + (43 * diagonal)) % 1118)) + plane]
                    : sector[12 + (2 * ((43 * 26) + ((i - 43) * 26) + diagonal)) + plane]);
            }
        }
    }

    private static void AssertCodeWord(int length, Func<int, byte> symbol)
    {
        int sum = 0;
        int weighted = 0;
        for (int i = 0; i < length; i++)
        {
            sum ^= symbol(i);
            weighted = (weighted << 1) ^ ((weighted & 0x80) != 0 ? 0x11d : 0) ^ symbol(i);
        }

        Assert.Equal(0, sum);
        Assert.Equal(0, weighted);
    }
}
