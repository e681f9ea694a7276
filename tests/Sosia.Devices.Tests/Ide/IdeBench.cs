using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Devices.Block;
using Sosia.Devices.Ide;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Block;
using Sosia.Devices.Tests.Support;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Ide;

/// <summary>A board with the IDE function, and a driver that knows its registers.</summary>
internal sealed class IdeBench : IDisposable
{
    public const int Data = 0x1f0;
    public const int Error = 0x1f1;
    public const int Count = 0x1f2;
    public const int LbaLow = 0x1f3;
    public const int LbaMid = 0x1f4;
    public const int LbaHigh = 0x1f5;
    public const int Device = 0x1f6;
    public const int Command = 0x1f7;
    public const int Control = 0x3f6;
    public const int BusMaster = 0xc000;
    public const int Irq = 14;

    private const byte Busy = 0x80;
    private const byte DataRequest = 0x08;
    private const ulong Table = 0x8000;

    public IdeBench()
    {
        Pci = new PciBus(Board.Memory, Board.Ports, null, Board.Log);
        Pci.Map();
        Function = new PiixIdeFunction(Board.Clock, Board.Memory, Board.Ports, [Board.Line(14), Board.Line(15)], Board.Log);
        Pci.Add(Function, 1, 1);
        Board.Memory.MapRam(0, 0, Board.Ram.ByteCount);
    }

    public TestBoard Board { get; } = new();

    public PciBus Pci { get; }

    public PiixIdeFunction Function { get; }

    public List<BlockFault> Faults { get; } = [];

    /// <summary>Connects a disk at the first channel.</summary>
    public MemoryBackend AddDisk(int unit = 0, int byteCount = 1 << 20, bool isReadOnly = false)
    {
        var backend = new MemoryBackend(byteCount, isReadOnly);
        new Random(unit + 1).NextBytes(backend.Bytes);
        AddDisk(unit, backend);
        return backend;
    }

    public void AddDisk(int unit, IBlockBackend backend)
        => Function.AttachDisk(0, unit, new BlockDrive($"disk{unit}", backend, BlockErrorPolicy.Default) { HostFault = Faults.Add }, $"SERIAL{unit}");

    /// <summary>Connects a CD-ROM drive at the first channel.</summary>
    public RemovableDrive AddCdRom(int unit, IBlockBackend? backend)
    {
        var drive = new RemovableDrive($"cd{unit}", backend, BlockErrorPolicy.Default) { HostFault = Faults.Add };
        Function.AttachCdRom(0, unit, drive, $"SERIAL{unit}");
        return drive;
    }

    /// <summary>Switches on: to be called after the drives were added.</summary>
    public void PowerOn()
    {
        Function.Reset();
        Function.EnableChannels();
        Function.WriteConfiguration(0x20, 4, BusMaster);
    }

    public byte In(int port) => Board.In(port);

    public void Out(int port, int value) => Board.Out(port, value);

    /// <summary>Writes the Command register and lets the device work.</summary>
    public void Issue(int command)
    {
        Out(Command, command);
        Settle();
    }

    public void Settle() => Board.Advance(10);

    /// <summary>Sets the registers of a 28-bit address.</summary>
    public void SetLba(uint sector, int count, int unit = 0)
    {
        Out(Device, 0xe0 | (unit << 4) | (int)(sector >> 24));
        Out(Count, count);
        Out(LbaLow, (byte)sector);
        Out(LbaMid, (byte)(sector >> 8));
        Out(LbaHigh, (byte)(sector >> 16));
    }

    /// <summary>Sets the registers of a 48-bit address.</summary>
    public void SetLba48(ulong sector, int count)
    {
        Out(Device, 0xe0);
        Out(Count, count >> 8);
        Out(LbaLow, (byte)(sector >> 24));
        Out(LbaMid, (byte)(sector >> 32));
        Out(LbaHigh, (byte)(sector >> 40));
        Out(Count, count & 0xff);
        Out(LbaLow, (byte)sector);
        Out(LbaMid, (byte)(sector >> 8));
        Out(LbaHigh, (byte)(sector >> 16));
    }

    public byte[] ReadData(int byteCount)
    {
        byte[] data = new byte[byteCount];
        for (int i = 0; i + 1 < byteCount; i += 2)
        {
            Assert.Equal(DataRequest, In(Control) & (Busy | DataRequest));
            BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(i), (ushort)Board.Ports.Read(Data, 2));
        }

        return data;
    }

    public void WriteData(ReadOnlySpan<byte> data)
    {
        for (int i = 0; i < data.Length; i += 2)
        {
            Assert.Equal(DataRequest, In(Control) & (Busy | DataRequest));
            Board.Ports.Write(Data, 2, BinaryPrimitives.ReadUInt16LittleEndian(data[i..]));
        }
    }

    /// <summary>Fills a descriptor table and the bus master's registers, without starting it.</summary>
    public void PrepareDma(bool isToMemory, params (uint Address, int ByteCount)[] regions)
    {
        for (int i = 0; i < regions.Length; i++)
        {
            ulong control = (ushort)regions[i].ByteCount | (i == regions.Length - 1 ? 0x8000_0000u : 0);
            Board.Memory.Write(Table + (8 * (ulong)i), 8, regions[i].Address | (control << 32));
        }

        Board.Ports.Write(BusMaster + 4, 4, (uint)Table);
        Out(BusMaster + 2, 0x66);
        Out(BusMaster, isToMemory ? 8 : 0);
    }

    public void StartDma()
    {
        Out(BusMaster, In(BusMaster) | 1);
        Settle();
    }

    /// <summary>Sends a packet, and says by what means data is to move.</summary>
    public void SendPacket(int byteCountLimit, bool isDma, params byte[] packet)
    {
        Out(Error, isDma ? 1 : 0);
        Out(LbaMid, byteCountLimit & 0xff);
        Out(LbaHigh, byteCountLimit >> 8);
        Issue(0xa0);
        byte[] padded = new byte[12];
        packet.CopyTo(padded, 0);
        WriteData(padded);
        Settle();
    }

    /// <summary>Reads all blocks of a packet command's data.</summary>
    public byte[] ReadPacketData()
    {
        var data = new List<byte>();
        while ((In(Command) & DataRequest) != 0)
        {
            Assert.Equal(2, In(Count));
            int byteCount = In(LbaMid) | (In(LbaHigh) << 8);
            byte[] block = ReadData((byteCount + 1) & ~1);
            data.AddRange(block.AsSpan(0, byteCount).ToArray());
        }

        Assert.Equal(3, In(Count));
        return [.. data];
    }

    /// <summary>A packet command whose reply moves by PIO.</summary>
    public byte[] Ask(params byte[] packet)
    {
        SendPacket(0xfffe, isDma: false, packet);
        return ReadPacketData();
    }

    /// <summary>The sense key and code of the last failure.</summary>
    public (int Key, int Code) Sense()
    {
        byte[] sense = Ask(0x03, 0, 0, 0, 18);
        return (sense[2], (sense[12] << 8) | sense[13]);
    }

    /// <summary>Continues this board's life in another one with the same drives.</summary>
    public void MoveTo(IdeBench other)
    {
        other.Board.Clock.Restore(Board.Clock.NowNanoseconds);
        byte[] memory = new byte[Board.Ram.ByteCount];
        Board.Ram.Read(0, memory);
        other.Board.Ram.Write(0, memory);
        TestBoard.Transfer(Pci, other.Pci);
        TestBoard.Transfer(Function, other.Function);
    }

    public void Dispose() => Board.Dispose();
}
