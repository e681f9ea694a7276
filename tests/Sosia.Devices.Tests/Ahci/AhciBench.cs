using System;
using System.Collections.Generic;
using Sosia.Devices.Ahci;
using Sosia.Devices.Block;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Support;
using Sosia.Images;

namespace Sosia.Devices.Tests.Ahci;

/// <summary>A board with an AHCI controller, and a driver that knows its registers and structures.</summary>
internal sealed class AhciBench : IDisposable
{
    public const ulong Registers = 0xfe00_0000;
    public const ulong Port = Registers + 0x100;
    public const ulong CommandList = 0x1_0000;
    public const ulong Frames = 0x1_1000;
    public const ulong Tables = 0x2_0000;
    public const uint Data = 0x10_0000;

    public const ulong InterruptStatus = 0x10;
    public const ulong Command = 0x18;
    public const ulong TaskFile = 0x20;
    public const ulong Signature = 0x24;
    public const ulong SataStatus = 0x28;
    public const ulong SataControl = 0x2c;
    public const ulong SataError = 0x30;
    public const ulong SataActive = 0x34;
    public const ulong Issue = 0x38;

    public AhciBench(IBlockBackend? disk, IBlockBackend? disc = null)
    {
        Board.Memory.MapRam(0, 0, Board.Ram.ByteCount);
        Pci = new PciBus(Board.Memory, Board.Ports, null, Board.Log) { InterruptSink = Wires };
        Controller = new AhciController("ahci0", Board.Clock, Board.Memory, Board.Log);
        Pci.Add(Controller, 2);
        if (disk is not null)
        {
            Controller.AttachDisk(0, new BlockDrive("ahci0", disk, BlockErrorPolicy.Default) { HostFault = Faults.Add }, "SERIAL");
        }

        if (disc is not null)
        {
            Controller.AttachCdRom(1, new RemovableDrive("ahci1", disc, BlockErrorPolicy.Default), "SERIAL1");
        }

        Controller.Reset();
        Controller.WriteConfiguration(0x24, 4, (uint)Registers);
        Controller.WriteConfiguration(4, 2, 6);
    }

    public TestBoard Board { get; } = new();

    public PciBus Pci { get; }

    public WireRecorder Wires { get; } = new();

    public AhciController Controller { get; }

    public List<BlockFault> Faults { get; } = [];

    public uint Read(ulong address) => (uint)Board.Memory.Read(address, 4);

    public void Write(ulong address, uint value) => Board.Memory.Write(address, 4, value);

    public void Settle() => Board.Advance(200);

    /// <summary>Spins a port up and starts it, with all interrupts enabled.</summary>
    public void Start(ulong port = Port)
    {
        Write(Registers + 4, 0x8000_0002);
        Write(port + 0x00, (uint)CommandList);
        Write(port + 0x08, (uint)Frames);
        Write(port + 0x14, 0xffff_ffff);
        Write(port + Command, 0x12);
        Write(port + SataError, 0xffff_ffff);
        Write(port + InterruptStatus, 0xffff_ffff);
        Write(port + Command, 0x13);
        Write(Registers + 8, 0x3f);
    }

    /// <summary>Fills a slot with a command frame and descriptors.</summary>
    public void Prepare(int slot, byte command, ulong sector, int count, bool isWrite, params (uint Address, int ByteCount)[] regions)
    {
        ulong table = Tables + ((ulong)slot * 0x1000);
        byte[] frame = new byte[20];
        frame[0] = 0x27;
        frame[1] = 0x80;
        frame[2] = command;
        frame[7] = 0x40;
        bool isQueued = command is 0x60 or 0x61;
        for (int i = 0; i < 6; i++)
        {
            frame[(i < 3 ? 4 : 5) + i] = (byte)(sector >> (8 * i));
        }

        frame[isQueued ? 3 : 12] = (byte)count;
        frame[isQueued ? 11 : 13] = (byte)(count >> 8);
        if (isQueued)
        {
            frame[12] = (byte)(slot << 3);
        }

        PrepareFrame(slot, frame, isWrite ? 0x40u : 0, regions);
        _ = table;
    }

    public void PrepareFrame(int slot, byte[] frame, uint flags, params (uint Address, int ByteCount)[] regions)
    {
        ulong table = Tables + ((ulong)slot * 0x1000);
        Board.Memory.WriteBytes(table, frame);
        for (int i = 0; i < regions.Length; i++)
        {
            Board.Memory.Write(table + 0x80 + ((ulong)i * 16), 8, regions[i].Address);
            Board.Memory.Write(table + 0x8c + ((ulong)i * 16), 4, (uint)regions[i].ByteCount - 1);
        }

        ulong header = CommandList + ((ulong)slot * 32);
        Write(header, 5 | flags | ((uint)regions.Length << 16));
        Write(header + 4, 0);
        Board.Memory.Write(header + 8, 8, table);
    }

    public byte[] Memory(ulong address, int byteCount)
    {
        byte[] data = new byte[byteCount];
        Board.Memory.ReadBytes(address, data);
        return data;
    }

    public void MoveTo(AhciBench other)
    {
        other.Board.Clock.Restore(Board.Clock.NowNanoseconds);
        byte[] memory = new byte[Board.Ram.ByteCount];
        Board.Ram.Read(0, memory);
        other.Board.Ram.Write(0, memory);
        TestBoard.Transfer(Pci, other.Pci);
        TestBoard.Transfer(Controller, other.Controller);
    }

    public void Dispose() => Board.Dispose();

    internal sealed class WireRecorder : IPciInterruptSink
    {
        public bool IsAsserted { get; private set; }

        public int Edges { get; private set; }

        public void SetPirq(int wire, bool asserted)
        {
            Edges += asserted ? 1 : 0;
            IsAsserted = asserted;
        }
    }
}
