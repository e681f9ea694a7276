using System;
using System.Buffers.Binary;
using System.Text;
using Sosia.Devices.I8042;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Usb;

public sealed class UsbTests
{
    private const int Hid = UhciBench.Hid;
    private const int Disk = UhciBench.Disk;

    [Fact]
    public void Devices_describe_themselves()
    {
        using var bench = new UhciBench();
        bench.Connect(Hid, 0, 5);
        byte[] device = bench.Control(Hid, 5, [0x80, 6, 0, 1, 0, 0, 18, 0])!;
        Assert.Equal([18, 1], device[..2]);
        byte[] name = bench.Control(Hid, 5, [0x80, 6, 2, 3, 9, 4, 0xff, 0])!;
        Assert.Equal("Sosia USB keyboard", Encoding.Unicode.GetString(name.AsSpan(2)));
        byte[] configuration = bench.Control(Hid, 5, [0x80, 6, 0, 2, 0, 0, 0xff, 0])!;
        Assert.Equal(configuration.Length, BinaryPrimitives.ReadUInt16LittleEndian(configuration.AsSpan(2)));
        Assert.Equal([3, 1, 1], configuration[14..17]);
        byte[] report = bench.Control(Hid, 5, [0x81, 6, 0, 0x22, 0, 0, 0xff, 0])!;
        Assert.Equal(report.Length, BinaryPrimitives.ReadUInt16LittleEndian(configuration.AsSpan(25)));
        Assert.Null(bench.Control(Hid, 5, [0x80, 6, 0, 6, 0, 0, 10, 0]));
    }

    [Fact]
    public void Nobody_answers_at_an_address_that_was_not_given()
    {
        using var bench = new UhciBench();
        bench.Connect(Hid, 0, 5);
        Assert.Null(bench.Control(Hid, 6, [0x80, 6, 0, 1, 0, 0, 18, 0]));
    }

    [Fact]
    public void Keys_arrive_in_their_order_and_indicators_go_back()
    {
        using var bench = new UhciBench();
        bench.Connect(Hid, 0, 5);
        bench.Control(Hid, 5, [0x21, 0x0a, 0, 0, 0, 0, 0, 0]);
        Assert.False(bench.Keyboard.IsUsed);
        Assert.Empty(bench.Take(Hid, 5, 1, 8)!);
        Assert.True(bench.Keyboard.IsUsed);
        bench.Keyboard.Enqueue(Ps2Key.LeftShift, true);
        bench.Keyboard.Enqueue(Ps2Key.A, true);
        bench.Keyboard.Enqueue(Ps2Key.A, false);
        bench.Keyboard.Enqueue(Ps2Key.LeftShift, false);
        Assert.Equal([2, 0, 0, 0, 0, 0, 0, 0], bench.Take(Hid, 5, 1, 8)!);
        Assert.Equal([2, 0, 4, 0, 0, 0, 0, 0], bench.Take(Hid, 5, 1, 8)!);
        Assert.Equal([2, 0, 0, 0, 0, 0, 0, 0], bench.Take(Hid, 5, 1, 8)!);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0], bench.Take(Hid, 5, 1, 8)!);
        Assert.Empty(bench.Take(Hid, 5, 1, 8)!);
        bench.Control(Hid, 5, [0x21, 9, 0, 2, 0, 0, 1, 0], [0x02]);
        Assert.Equal(4, bench.Keyboard.Indicators);
    }

    [Fact]
    public void A_key_that_stays_down_is_reported_at_the_idle_rate()
    {
        using var bench = new UhciBench();
        bench.Connect(Hid, 0, 5);
        bench.Control(Hid, 5, [0x21, 0x0a, 0, 0, 0, 0, 0, 0]);
        _ = bench.Take(Hid, 5, 1, 8);
        bench.Keyboard.Enqueue(Ps2Key.Enter, true);
        Assert.Equal(0x28, bench.Take(Hid, 5, 1, 8)![2]);
        Assert.Empty(bench.Take(Hid, 5, 1, 8)!);
        bench.Control(Hid, 5, [0x21, 0x0a, 0, 8, 0, 0, 0, 0]);
        bench.Board.Advance(40_000_000);
        Assert.Equal(0x28, bench.Take(Hid, 5, 1, 8)![2]);
    }

    [Fact]
    public void The_tablet_says_where_it_is()
    {
        using var bench = new UhciBench();
        bench.Connect(Hid, 1, 6);
        bench.Tablet.Move(1, 2, 0, 0);
        Assert.Empty(bench.Take(Hid, 6, 1, 6)!);
        bench.Tablet.Move(0x1234, 0x7fff, 0, 1);
        bench.Tablet.Move(0x1234, 0x7fff, -2, 0);
        Assert.Equal([1, 0x34, 0x12, 0xff, 0x7f, 0], bench.Take(Hid, 6, 1, 6)!);
        Assert.Equal([0, 0x34, 0x12, 0xff, 0x7f, 0xfe], bench.Take(Hid, 6, 1, 6)!);
    }

    [Fact]
    public void A_disk_is_read_and_written_and_says_what_went_wrong()
    {
        using var bench = new UhciBench();
        bench.Connect(Disk, 0, 3);
        Assert.Equal([0], bench.Control(Disk, 3, [0xa1, 0xfe, 0, 0, 0, 0, 1, 0])!);
        Assert.Equal("Sosia   USB disk", Encoding.ASCII.GetString(bench.Scsi(3, [0x12, 0, 0, 0, 36, 0], 36).Data.AsSpan(8, 16)));
        Assert.Equal([0, 0, 3, 0xff, 0, 0, 2, 0], bench.Scsi(3, [0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], 8).Data);
        (byte[] data, int status, uint residue) = bench.Scsi(3, [0x28, 0, 0, 0, 0, 100, 0, 0, 9, 0], 9 * 512);
        Assert.Equal((0, 0u), (status, residue));
        Assert.Equal(bench.Medium.Part(100 * 512, 9 * 512), data);

        byte[] written = new byte[3 * 512];
        new Random(3).NextBytes(written);
        Assert.Equal((0, 0u), Outcome(bench.Scsi(3, [0x2a, 0, 0, 0, 0, 7, 0, 0, 3, 0], written.Length, written)));
        Assert.Equal(written, bench.Medium.Part(7 * 512, written.Length));
        Assert.Equal(0, bench.Scsi(3, [0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0).Status);

        // Beyond the end; the host expects data, which do not come.
        Assert.Equal((1, 512u), Outcome(bench.Scsi(3, [0x28, 0, 0, 0, 4, 0, 0, 0, 1, 0], 512)));
        byte[] sense = bench.Scsi(3, [0x03, 0, 0, 0, 18, 0], 18).Data;
        Assert.Equal((5, 0x21), (sense[2], sense[12]));

        // An unknown command, and one for less than the host expects.
        Assert.Equal(1, bench.Scsi(3, [0xde, 0, 0, 0, 0, 0], 0).Status);
        Assert.Equal((0, 512u), Outcome(bench.Scsi(3, [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], 1024)));
    }

    [Fact]
    public void A_host_that_fails_is_a_disk_error_for_the_guest()
    {
        using var bench = new UhciBench();
        bench.Connect(Disk, 0, 3);
        bench.Medium.NextResult = BlockResult.HostError;
        Assert.Equal(1, bench.Scsi(3, [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], 512).Status);
        bench.Medium.NextResult = BlockResult.Ok;
        Assert.Equal(3, bench.Scsi(3, [0x03, 0, 0, 0, 18, 0], 18).Data[2]);
    }

    [Fact]
    public void A_wrapper_that_is_none_halts_until_the_transport_is_reset()
    {
        using var bench = new UhciBench();
        bench.Connect(Disk, 0, 3);
        Assert.False(bench.Give(Disk, 3, 2, new byte[31]));
        Assert.Null(bench.Take(Disk, 3, 1, 13));
        bench.Control(Disk, 3, [0x02, 1, 0, 0, 0x81, 0, 0, 0]);
        Assert.Null(bench.Take(Disk, 3, 1, 13));
        bench.Control(Disk, 3, [0x21, 0xff, 0, 0, 0, 0, 0, 0]);
        bench.Control(Disk, 3, [0x02, 1, 0, 0, 0x81, 0, 0, 0]);
        bench.Control(Disk, 3, [0x02, 1, 0, 0, 0x02, 0, 0, 0]);
        Assert.Equal(0, bench.Scsi(3, [0, 0, 0, 0, 0, 0], 0).Status);
    }

    [Fact]
    public void A_transfer_goes_on_where_it_was_saved()
    {
        UhciBench bench = new();
        bench.Connect(Disk, 0, 3);
        byte[] wrapper = new byte[31];
        BinaryPrimitives.WriteUInt32LittleEndian(wrapper, 0x4342_5355);
        BinaryPrimitives.WriteUInt32LittleEndian(wrapper.AsSpan(8), 200 * 512);
        wrapper[12] = 0x80;
        wrapper[14] = 10;
        wrapper[15] = 0x28;
        wrapper[15 + 8] = 200;
        Assert.True(bench.Give(Disk, 3, 2, wrapper));
        byte[] data = new byte[200 * 512];
        for (int done = 0; done < data.Length; done += 1024)
        {
            bench.Take(Disk, 3, 1, 1024)!.CopyTo(data, done);
            if (done % 8192 == 0)
            {
                bench = bench.Move();
            }
        }

        Assert.Equal(bench.Medium.Part(0, data.Length), data);
        Assert.Equal(13, bench.Take(Disk, 3, 1, 13)!.Length);
        bench.Dispose();
    }

    [Fact]
    public void A_schedule_that_goes_in_circles_ends_with_its_frame()
    {
        using var bench = new UhciBench();
        bench.Connect(Hid, 0, 5);
        // A queue head that is its own neighbour and its own element.
        bench.Board.Memory.Write(0x2000, 8, 0x2002 | (0x2002UL << 32));
        bench.Board.Advance(100_000_000);
        Assert.Equal(0u, bench.Word(Hid + 2) & 0x20);
        // A list outside memory halts the controller.
        bench.Board.Ports.Write(Hid + 8, 4, 0xf000_0000);
        bench.Board.Advance(2_000_000);
        Assert.Equal(0x30u, bench.Word(Hid + 2) & 0x30);
    }

    private static (int Status, uint Residue) Outcome((byte[] Data, int Status, uint Residue) result) => (result.Status, result.Residue);
}
