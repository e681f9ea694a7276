using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Devices.Block;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Block;
using Sosia.Devices.Tests.Support;
using Sosia.Devices.Usb.Hid;
using Sosia.Devices.Usb.Storage;
using Sosia.Devices.Usb.Uhci;
using Xunit;

namespace Sosia.Devices.Tests.Usb;

/// <summary>A board with two UHCI controllers – keyboard and tablet on one, a disk on the other – and a driver that knows their registers and schedules.</summary>
internal sealed class UhciBench : IDisposable
{
    public const int Hid = 0xc000;
    public const int Disk = 0xc040;

    private const uint FrameList = 0x1000;
    private const uint QueueHead = 0x2000;
    private const uint Descriptors = 0x3000;
    private const uint Buffer = 0x1_0000;
    private const uint Active = 1 << 23;
    private const uint DepthFirst = 4;
    private const uint End = 1;
    private const byte In = 0x69;
    private const byte Out = 0xe1;
    private const byte SetupToken = 0x2d;

    public UhciBench(MemoryBackend? medium = null)
    {
        Medium = medium ?? MakeMedium();
        Board.Memory.MapRam(0, 0, Board.Ram.ByteCount);
        Pci = new PciBus(Board.Memory, Board.Ports, null, Board.Log);
        Pci.Map();
        HidController = new UhciController("uhci0", Board.Clock, Board.Memory, Board.Log);
        DiskController = new UhciController("uhci1", Board.Clock, Board.Memory, Board.Log);
        Keyboard = new UsbKeyboard("usb-kbd0", Board.Clock);
        Tablet = new UsbTablet("usb-tablet0", Board.Clock);
        HidController.Attach(0, Keyboard);
        HidController.Attach(1, Tablet);
        DiskController.Attach(0, new UsbStorage("usb-storage0", new BlockDrive("usb-storage0", Medium, BlockErrorPolicy.Default), "0123456789AB", Board.Log));
        Pci.Add(HidController, 1);
        Pci.Add(DiskController, 2);
        HidController.Reset();
        DiskController.Reset();
        HidController.WriteConfiguration(0x20, 4, Hid);
        DiskController.WriteConfiguration(0x20, 4, Disk);
        HidController.WriteConfiguration(4, 2, 5);
        DiskController.WriteConfiguration(4, 2, 5);
    }

    public TestBoard Board { get; } = new();

    public PciBus Pci { get; }

    public UhciController HidController { get; }

    public UhciController DiskController { get; }

    public UsbKeyboard Keyboard { get; }

    public UsbTablet Tablet { get; }

    public MemoryBackend Medium { get; }

    public static MemoryBackend MakeMedium()
    {
        var medium = new MemoryBackend(512 * 1024) { IsSilent = true };
        new Random(7).NextBytes(medium.Bytes);
        return medium;
    }

    public uint Word(int port) => Board.Ports.Read((ushort)port, 2);

    public void SetWord(int port, uint value) => Board.Ports.Write((ushort)port, 2, value);

    /// <summary>Starts a controller with an empty schedule, resets a port and gives its device an address and its configuration.</summary>
    public void Connect(int controller, int port, int address)
    {
        for (uint i = 0; i < 1024; i++)
        {
            Board.Memory.Write(FrameList + (4 * i), 4, QueueHead | 2);
        }

        Board.Memory.Write(QueueHead, 8, End | ((ulong)End << 32));
        Board.Ports.Write((ushort)(controller + 8), 4, FrameList);
        SetWord(controller + 4, 0x0f);
        SetWord(controller, 0x81);
        int status = controller + 0x10 + (2 * port);
        Assert.Equal(3u, Word(status) & 3);
        SetWord(status, 0x0202);
        Board.Advance(50_000_000);
        SetWord(status, 0x0000);
        SetWord(status, 0x0004);
        Assert.Equal(5u, Word(status) & 0xf);
        Control(controller, 0, [0x00, 5, (byte)address, 0, 0, 0, 0, 0]);
        Control(controller, address, [0x00, 9, 1, 0, 0, 0, 0, 0]);
    }

    /// <summary>A control transfer: null when it stalled.</summary>
    public byte[]? Control(int controller, int address, byte[] setup, byte[]? data = null)
    {
        Board.Memory.WriteBytes(Buffer, setup);
        bool isIn = (setup[0] & 0x80) != 0;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(setup.AsSpan(6));
        if (data is not null)
        {
            Board.Memory.WriteBytes(Buffer + 0x100, data);
        }

        List<(byte, int, uint, int)> transfers = [(SetupToken, 0, Buffer, 8)];
        for (int done = 0; done < length; done += 64)
        {
            transfers.Add((isIn ? In : Out, 0, Buffer + 0x100 + (uint)done, Math.Min(64, length - done)));
        }

        transfers.Add((isIn && length != 0 ? Out : In, 0, 0, 0));
        int? moved = Run(controller, address, transfers, shortIsEnd: true);
        if (moved is null)
        {
            return null;
        }

        byte[] reply = new byte[isIn ? moved.Value : 0];
        Board.Memory.ReadBytes(Buffer + 0x100, reply);
        return reply;
    }

    /// <summary>Takes from an endpoint: null when it stalled, nothing when it has nothing.</summary>
    public byte[]? Take(int controller, int address, int endpoint, int byteCount)
    {
        List<(byte, int, uint, int)> transfers = [];
        for (int done = 0; done < byteCount; done += 64)
        {
            transfers.Add((In, endpoint, Buffer + (uint)done, Math.Min(64, byteCount - done)));
        }

        if (Run(controller, address, transfers, shortIsEnd: false) is not { } moved)
        {
            return null;
        }

        byte[] data = new byte[moved];
        Board.Memory.ReadBytes(Buffer, data);
        return data;
    }

    /// <summary>Gives to an endpoint: false when it stalled.</summary>
    public bool Give(int controller, int address, int endpoint, byte[] data)
    {
        Board.Memory.WriteBytes(Buffer, data);
        List<(byte, int, uint, int)> transfers = [];
        for (int done = 0; done < data.Length; done += 64)
        {
            transfers.Add((Out, endpoint, Buffer + (uint)done, Math.Min(64, data.Length - done)));
        }

        return Run(controller, address, transfers, shortIsEnd: false) is not null;
    }

    /// <summary>A SCSI command by the bulk-only transport: the data, and the status byte of the wrapper.</summary>
    public (byte[] Data, int Status, uint Residue) Scsi(int address, byte[] command, int byteCount, byte[]? data = null)
    {
        byte[] wrapper = new byte[31];
        BinaryPrimitives.WriteUInt32LittleEndian(wrapper, 0x4342_5355);
        BinaryPrimitives.WriteUInt32LittleEndian(wrapper.AsSpan(4), 0x1234);
        BinaryPrimitives.WriteInt32LittleEndian(wrapper.AsSpan(8), byteCount);
        wrapper[12] = (byte)(data is null ? 0x80 : 0);
        wrapper[14] = (byte)command.Length;
        command.CopyTo(wrapper, 15);
        Assert.True(Give(Disk, address, 2, wrapper));
        byte[] taken = [];
        if (byteCount != 0)
        {
            if (data is null)
            {
                taken = Take(Disk, address, 1, byteCount) ?? [];
            }
            else
            {
                _ = Give(Disk, address, 2, data);
            }
        }

        // What may have halted is set free (CLEAR_FEATURE).
        Control(Disk, address, [0x02, 1, 0, 0, 0x81, 0, 0, 0]);
        Control(Disk, address, [0x02, 1, 0, 0, 0x02, 0, 0, 0]);
        byte[] status = Take(Disk, address, 1, 13)!;
        Assert.Equal(13, status.Length);
        Assert.Equal(0x5342_5355u, BinaryPrimitives.ReadUInt32LittleEndian(status));
        Assert.Equal(0x1234u, BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(4)));
        return (taken, status[12], BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(8)));
    }

    /// <summary>Continues this board's life in another one with the same medium.</summary>
    public UhciBench Move()
    {
        var other = new UhciBench(Medium);
        other.Board.Clock.Restore(Board.Clock.NowNanoseconds);
        byte[] memory = new byte[Board.Ram.ByteCount];
        Board.Ram.Read(0, memory);
        other.Board.Ram.Write(0, memory);
        TestBoard.Transfer(Pci, other.Pci);
        TestBoard.Transfer(HidController, other.HidController);
        TestBoard.Transfer(DiskController, other.DiskController);
        Dispose();
        return other;
    }

    public void Dispose() => Board.Dispose();

    // Puts descriptors into the queue and lets frames pass: how many bytes moved in the data stages, or null after a stall.
    private int? Run(int controller, int address, List<(byte Token, int Endpoint, uint Buffer, int ByteCount)> transfers, bool shortIsEnd)
    {
        for (int i = 0; i < transfers.Count; i++)
        {
            (byte token, int endpoint, uint buffer, int byteCount) = transfers[i];
            uint at = Descriptors + (16 * (uint)i);
            Board.Memory.Write(at, 4, i == transfers.Count - 1 ? End : (at + 16) | DepthFirst);
            Board.Memory.Write(at + 4, 4, Active | (3 << 27) | (shortIsEnd ? 0 : 1u << 29) | (i == transfers.Count - 1 ? 1u << 24 : 0));
            Board.Memory.Write(at + 8, 4, token | ((uint)address << 8) | ((uint)endpoint << 15) | ((uint)((byteCount - 1) & 0x7ff) << 21));
            Board.Memory.Write(at + 12, 4, buffer);
        }

        Board.Memory.Write(QueueHead + 4, 4, Descriptors);
        int moved = 0;
        Board.Advance(20_000_000);
        for (int i = 0; i < transfers.Count; i++)
        {
            uint control = (uint)Board.Memory.Read(Descriptors + (16 * (uint)i) + 4, 4);
            if ((control & (1 << 22)) != 0)
            {
                Board.Memory.Write(QueueHead + 4, 4, End);
                SetWord(controller + 2, 0x3f);
                return null;
            }

            if ((control & Active) != 0)
            {
                break;
            }

            int byteCount = (int)((control + 1) & 0x7ff);
            moved += transfers[i].Token == SetupToken ? 0 : byteCount;
            if (byteCount < transfers[i].ByteCount && !shortIsEnd)
            {
                break;
            }
        }

        Board.Memory.Write(QueueHead + 4, 4, End);
        SetWord(controller + 2, 0x3f);
        return moved;
    }
}
