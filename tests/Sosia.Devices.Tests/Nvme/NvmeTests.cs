using System;
using System.Buffers.Binary;
using Sosia.Devices.Tests.Block;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Nvme;

public sealed class NvmeTests : IDisposable
{
    private readonly MemoryBackend _disk = new(4 << 20);
    private readonly NvmeBench _bench;

    public NvmeTests()
    {
        new Random(3).NextBytes(_disk.Bytes);
        _bench = new NvmeBench(_disk);
        _bench.Start();
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Controller_and_namespace_are_identified()
    {
        Assert.Equal(0, _bench.Admin(0x06, prp1: NvmeBench.Data, word10: 1).Status);
        byte[] controller = _bench.Memory(NvmeBench.Data, 4096);
        Assert.Equal("SERIAL0 "u8.ToArray(), controller[4..12]);
        Assert.Equal(0x66, controller[512]);
        Assert.Equal(0, _bench.Admin(0x06, 1, NvmeBench.Data, word10: 0).Status);
        Assert.Equal(8192UL, BinaryPrimitives.ReadUInt64LittleEndian(_bench.Memory(NvmeBench.Data, 8)));
        Assert.Equal(0, _bench.Admin(0x06, 0, NvmeBench.Data, word10: 2).Status);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0], _bench.Memory(NvmeBench.Data, 8));
        Assert.Equal(0x400b, _bench.Admin(0x06, 2, NvmeBench.Data, word10: 0).Status);
        Assert.Equal((0, 0x000f_000fu), _bench.Admin(0x09, word10: 7, word11: 0x0003_0003));
    }

    [Fact]
    public void Data_move_through_one_page_two_pages_and_lists()
    {
        Assert.Equal(0, _bench.Io(2, NvmeBench.Data, 0, 5, 8));
        Assert.Equal(_disk.Part(5 * 512, 4096), _bench.Memory(NvmeBench.Data, 4096));
        Assert.Equal(0, _bench.Io(2, NvmeBench.Data + 512, NvmeBench.Data + 0x4000, 9, 10));
        Assert.Equal(_disk.Part(9 * 512, 3584), _bench.Memory(NvmeBench.Data + 512, 3584));
        Assert.Equal(_disk.Part(16 * 512, 1536), _bench.Memory(NvmeBench.Data + 0x4000, 1536));

        // 1 MiB needs 255 entries; the list begins so late that its page ends with a link.
        ulong list = 0x4_0f80;
        ulong second = 0x4_2000;
        for (ulong i = 0; i < 255; i++)
        {
            ulong at = i < 15 ? list + (8 * i) : second + (8 * (i - 15));
            _bench.Board.Memory.Write(at, 8, NvmeBench.Data + 0x1000 + (0x1000 * i));
        }

        _bench.Board.Memory.Write(list + (8 * 15), 8, second);
        Assert.Equal(0, _bench.Io(2, NvmeBench.Data, list, 0, 2048));
        Assert.Equal(_disk.Part(0, 1 << 20), _bench.Memory(NvmeBench.Data, 1 << 20));
        Assert.Equal(0, _bench.Io(1, NvmeBench.Data, list, 4096, 2048));
        Assert.Equal(_disk.Part(0, 1 << 20), _disk.Part(4096 * 512, 1 << 20));
    }

    [Fact]
    public void Wrong_commands_end_with_the_status_that_the_standard_gives_them()
    {
        Assert.Equal(0x4080, _bench.Io(2, NvmeBench.Data, 0, 8190, 8));
        Assert.Equal(0x4002, _bench.Io(2, NvmeBench.Data, 0, 0, 2049));
        Assert.Equal(0x4013, _bench.Io(2, NvmeBench.Data + 1, 0, 0, 1));
        Assert.Equal(0x4013, _bench.Io(2, NvmeBench.Data, NvmeBench.Data + 12, 0, 16));
        Assert.Equal(0x0004, _bench.Io(2, 0xf000_0000, 0, 0, 1));
        Assert.Equal(0x4001, _bench.Io(0x7f, NvmeBench.Data, 0, 0, 1));
        // A chain of links without end.
        _bench.Board.Memory.Write(0x4_0ff8, 8, 0x4_0ff8);
        Assert.Equal(0x4013, _bench.Io(2, NvmeBench.Data, 0x4_0ff8, 0, 64));
        _bench.Submit(1, 2, 7, NvmeBench.Data, 0, 0, 0, 0);
        Assert.Equal(0x400b, _bench.Complete(1).Status);
        Assert.Equal(0x4101, _bench.Admin(0x01, prp1: 0x8000, word10: 1 | (15 << 16), word11: 1 | (1u << 16)).Status);
        Assert.Equal(0x410c, _bench.Admin(0x04, word10: 1).Status);
        Assert.Equal(0, _bench.Admin(0x00, word10: 1).Status);
        Assert.Equal(0, _bench.Admin(0x04, word10: 1).Status);
        Assert.Equal(0x4109, _bench.Admin(0x02, prp1: NvmeBench.Data, word10: 0x77).Status);
    }

    [Fact]
    public void Flush_zeroes_and_deallocation_reach_the_host()
    {
        _disk.Log.Clear();
        Assert.Equal(0, _bench.Io(0, 0, 0, 0, 1));
        Assert.Equal(0, _bench.Io(8, 0, 0, 10, 4, 1 << 25));
        _bench.Board.Memory.Write(NvmeBench.Data, 8, 3UL << 32);
        _bench.Board.Memory.Write(NvmeBench.Data + 8, 8, 20);
        _bench.Submit(1, 9, 1, NvmeBench.Data, 0, 0, 4, 0);
        Assert.Equal(0, _bench.Complete(1).Status);
        Assert.Equal(0, _bench.Io(1, NvmeBench.Data, 0, 0, 1, 1 << 30));
        Assert.Equal(["flush 0+0", "unmap 5120+2048", "discard 10240+1536", "write 0+512", "flush 0+0"], _disk.Log);
    }

    [Fact]
    public void The_pin_is_asserted_while_completions_wait_and_can_be_masked()
    {
        Assert.False(_bench.Wires.IsAsserted);
        _bench.Submit(1, 0, 1, 0, 0, 0, 0, 0);
        Assert.True(_bench.Wires.IsAsserted);
        _bench.Write(0x0c, 2);
        Assert.False(_bench.Wires.IsAsserted);
        _bench.Write(0x10, 2);
        Assert.True(_bench.Wires.IsAsserted);
        _bench.Complete(1);
        Assert.False(_bench.Wires.IsAsserted);
    }

    [Fact]
    public void A_full_completion_queue_holds_commands_back()
    {
        for (int i = 0; i < 20; i++)
        {
            _bench.Submit(1, 0, 1, 0, 0, 0, 0, 0);
        }

        for (int i = 0; i < 15; i++)
        {
            Assert.Equal(0, _bench.Complete(1).Status);
        }

        _bench.Settle();
        Assert.Equal(0, _bench.Complete(1).Status);
    }

    [Fact]
    public void A_wrong_doorbell_is_an_asynchronous_event()
    {
        _bench.Submit(0, 0x0c, 0, 0, 0, 0, 0, 0);
        _bench.Write(0x1000 + (8 * 5), 1);
        (int status, uint result) = _bench.Complete(0);
        Assert.Equal(0, status);
        Assert.Equal(0x0001_0000u, result);
        // Another request waits, until it is aborted: its completion comes before that of the command that does so.
        _bench.Submit(0, 0x0c, 0, 0, 0, 0, 0, 0);
        Assert.Equal((7, 0u), _bench.Admin(0x08, word10: 4u << 16));
        Assert.Equal((0, 0u), _bench.Complete(0));
    }

    [Fact]
    public void Shutting_down_flushes_and_disabling_resets()
    {
        _disk.Log.Clear();
        _bench.Write(0x14, 0x0046_4001);
        _bench.Settle();
        Assert.Equal(9u, _bench.Read(0x1c));
        Assert.Equal(["flush 0+0"], _disk.Log);
        _bench.Write(0x14, 0x0046_0000);
        Assert.Equal(0u, _bench.Read(0x1c));
        _bench.Write(0x14, 0x0046_0081);
        Assert.Equal(2u, _bench.Read(0x1c) & 3);
    }

    [Fact]
    public void A_full_host_holds_a_write_across_saving_and_restoring()
    {
        using var other = new NvmeBench(_disk);
        _disk.NextResult = BlockResult.NoSpace;
        _bench.Board.Memory.Write(NvmeBench.Data, 8, 0x1122_3344_5566_7788);
        _bench.Submit(1, 1, 1, NvmeBench.Data, 0, 100, 0, 7);
        _bench.MoveTo(other);
        _disk.NextResult = BlockResult.Ok;
        other.Settle();
        Assert.Equal(0, other.Complete(1).Status);
        Assert.Equal(other.Memory(NvmeBench.Data, 4096), _disk.Part(100 * 512, 4096));
    }
}
