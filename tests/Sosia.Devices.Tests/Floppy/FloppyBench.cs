using System;
using System.Collections.Generic;
using Sosia.Devices.Block;
using Sosia.Devices.Dma8237;
using Sosia.Devices.Floppy;
using Sosia.Devices.Tests.Block;
using Sosia.Devices.Tests.Support;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Floppy;

/// <summary>A board with DMA controllers and the floppy disk controller, and a driver that knows their registers.</summary>
internal sealed class FloppyBench : IDisposable
{
    public const int Output = 0x3f2;
    public const int MainStatus = 0x3f4;
    public const int Fifo = 0x3f5;
    public const int Input = 0x3f7;
    public const int Irq = 6;
    public const uint Buffer = 0x2_0000;

    public FloppyBench(IBlockBackend? first, IBlockBackend? second = null)
    {
        Board.Memory.MapRam(0, 0, Board.Ram.ByteCount);
        Dma = new DmaControllers(Board.Memory, Board.Log);
        Dma.Map(Board.Ports);
        Controller = new FloppyController(Board.Clock, Dma, Board.Line(Irq), Board.Log);
        Controller.Map(Board.Ports);
        First = new RemovableDrive("floppy0", first, BlockErrorPolicy.Default);
        Controller.Attach(0, First);
        if (second is not null)
        {
            Controller.Attach(1, new RemovableDrive("floppy1", second, BlockErrorPolicy.Default));
        }

        Controller.Reset();
        Dma.EnableCascade();
    }

    public TestBoard Board { get; } = new();

    public DmaControllers Dma { get; }

    public FloppyController Controller { get; }

    public RemovableDrive First { get; }

    public static MemoryBackend Disk(int byteCount, bool isReadOnly = false)
    {
        var backend = new MemoryBackend(byteCount, isReadOnly);
        new Random(byteCount).NextBytes(backend.Bytes);
        return backend;
    }

    /// <summary>Leaves reset, turns the motors on and takes the interrupts of the reset.</summary>
    /// <param name="rate">The data rate; null leaves the one from power-on.</param>
    /// <param name="usesDma">False to move data by the processor.</param>
    public void Start(byte? rate = 0, bool usesDma = true)
    {
        Board.Out(Output, 0x3c);
        Board.Advance(1_000_000);
        Assert.True(Board.Irqs[Irq]);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal([0xc0 | i, 0], Command(0x08));
        }

        if (rate is { } selected)
        {
            Board.Out(Input, selected);
        }

        Command(0x03, 0xdf, usesDma ? 0x02 : 0x03);
    }

    /// <summary>Issues a command, lets time pass, and takes its result.</summary>
    public int[] Command(params int[] bytes)
    {
        Send(bytes);
        return Result();
    }

    public void Send(params int[] bytes)
    {
        foreach (int value in bytes)
        {
            Assert.Equal(0x80, Board.In(MainStatus) & 0xc0);
            Board.Out(Fifo, value);
        }
    }

    public int[] Result()
    {
        for (int i = 0; i < 1000 && (Board.In(MainStatus) & 0x80) == 0; i++)
        {
            Board.Advance(1_000_000);
        }

        var result = new List<int>();
        while ((Board.In(MainStatus) & 0xd0) == 0xd0)
        {
            result.Add(Board.In(Fifo));
        }

        return [.. result];
    }

    /// <summary>Seeks, and takes the interrupt's status.</summary>
    public void Seek(int unit, int cylinder)
    {
        Send(0x0f, unit, cylinder);
        Board.Advance(50_000_000);
        Assert.True(Board.Irqs[Irq]);
        Assert.Equal([0x20 | unit, cylinder], Command(0x08));
    }

    /// <summary>Programs channel 2.</summary>
    public void PrepareDma(int mode, int byteCount, uint address = Buffer)
    {
        Board.Out(0x0a, 6);
        Board.Out(0x0c, 0);
        Board.Out(0x0b, mode | 2);
        Board.Out(0x04, (byte)address);
        Board.Out(0x04, (byte)(address >> 8));
        Board.Out(0x05, (byte)(byteCount - 1));
        Board.Out(0x05, (byte)((byteCount - 1) >> 8));
        Board.Out(0x81, (byte)(address >> 16));
        Board.Out(0x0a, 2);
    }

    public byte[] Memory(int byteCount)
    {
        byte[] data = new byte[byteCount];
        Board.Memory.ReadBytes(Buffer, data);
        return data;
    }

    public void MoveTo(FloppyBench other)
    {
        other.Board.Clock.Restore(Board.Clock.NowNanoseconds);
        byte[] memory = new byte[Board.Ram.ByteCount];
        Board.Ram.Read(0, memory);
        other.Board.Ram.Write(0, memory);
        TestBoard.Transfer(Dma, other.Dma);
        TestBoard.Transfer(Controller, other.Controller);
    }

    public void Dispose() => Board.Dispose();
}
