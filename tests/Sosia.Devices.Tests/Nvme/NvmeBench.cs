using System;
using System.Buffers.Binary;
using Sosia.Devices.Block;
using Sosia.Devices.Nvme;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Ahci;
using Sosia.Devices.Tests.Support;
using Sosia.Images;
using Xunit;

namespace Sosia.Devices.Tests.Nvme;

/// <summary>A board with an NVMe controller, and a driver that knows its registers and queues.</summary>
internal sealed class NvmeBench : IDisposable
{
    public const ulong Registers = 0xfe00_0000;
    public const ulong Data = 0x10_0000;
    public const uint QueueSize = 16;

    private const ulong Queues = 0x1_0000;

    private readonly uint[] _tails = new uint[4];
    private readonly uint[] _heads = new uint[4];
    private ushort _nextId;

    public NvmeBench(IBlockBackend disk)
    {
        Board.Memory.MapRam(0, 0, Board.Ram.ByteCount);
        Pci = new PciBus(Board.Memory, Board.Ports, null, Board.Log) { InterruptSink = Wires };
        Controller = new NvmeController("nvme0", Board.Clock, Board.Memory, new BlockDrive("nvme0", disk, BlockErrorPolicy.Default), "SERIAL0", Board.Log);
        Pci.Add(Controller, 2);
        Controller.Reset();
        Controller.WriteConfiguration(0x10, 4, (uint)Registers);
        Controller.WriteConfiguration(0x20, 4, 0xfe01_0000);
        Controller.WriteConfiguration(4, 2, 6);
    }

    public TestBoard Board { get; } = new();

    public PciBus Pci { get; }

    public AhciBench.WireRecorder Wires { get; } = new();

    public NvmeController Controller { get; }

    public uint Read(ulong offset) => (uint)Board.Memory.Read(Registers + offset, 4);

    public void Write(ulong offset, uint value) => Board.Memory.Write(Registers + offset, 4, value);

    public void Settle() => Board.Advance(200);

    /// <summary>Enables the controller and makes one pair of I/O queues.</summary>
    public void Start()
    {
        Write(0x24, (QueueSize - 1) | ((QueueSize - 1) << 16));
        Board.Memory.Write(Registers + 0x28, 8, SubmissionBase(0));
        Board.Memory.Write(Registers + 0x30, 8, CompletionBase(0));
        Write(0x14, 0x0046_0001);
        Assert.Equal(1u, Read(0x1c));
        Assert.Equal(0, Admin(0x05, prp1: CompletionBase(1), word10: 1 | ((QueueSize - 1) << 16), word11: 3 | (1u << 16)).Status);
        Assert.Equal(0, Admin(0x01, prp1: SubmissionBase(1), word10: 1 | ((QueueSize - 1) << 16), word11: 1 | (1u << 16)).Status);
    }

    public static ulong SubmissionBase(int queue) => Queues + ((ulong)queue * 0x2000);

    public static ulong CompletionBase(int queue) => Queues + ((ulong)queue * 0x2000) + 0x1000;

    public (int Status, uint Result) Admin(byte opcode, uint nsid = 0, ulong prp1 = 0, ulong prp2 = 0, uint word10 = 0, uint word11 = 0)
    {
        Submit(0, opcode, nsid, prp1, prp2, word10, word11, 0);
        return Complete(0);
    }

    public int Io(byte opcode, ulong prp1, ulong prp2, ulong block, uint count, uint flags = 0)
    {
        Submit(1, opcode, 1, prp1, prp2, (uint)block, (uint)(block >> 32), (count - 1) | flags);
        return Complete(1).Status;
    }

    /// <summary>Puts a command into a queue and rings its doorbell.</summary>
    public void Submit(int queue, byte opcode, uint nsid, ulong prp1, ulong prp2, uint word10, uint word11, uint word12)
    {
        byte[] command = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(command, opcode | ((uint)++_nextId << 16));
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(4), nsid);
        BinaryPrimitives.WriteUInt64LittleEndian(command.AsSpan(24), prp1);
        BinaryPrimitives.WriteUInt64LittleEndian(command.AsSpan(32), prp2);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(40), word10);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(44), word11);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(48), word12);
        Board.Memory.WriteBytes(SubmissionBase(queue) + (_tails[queue] * 64), command);
        _tails[queue] = (_tails[queue] + 1) % QueueSize;
        Write(0x1000 + (8 * (ulong)queue), _tails[queue]);
        Settle();
    }

    /// <summary>Takes a completion.</summary>
    public (int Status, uint Result) Complete(int queue)
    {
        byte[] entry = new byte[16];
        Board.Memory.ReadBytes(CompletionBase(queue) + ((_heads[queue] % QueueSize) * 16), entry);
        int status = BinaryPrimitives.ReadUInt16LittleEndian(entry.AsSpan(14));
        int phase = 1 - (int)(_heads[queue] / QueueSize % 2);
        Assert.Equal(phase, status & 1);
        _heads[queue]++;
        Write(0x1004 + (8 * (ulong)queue), _heads[queue] % QueueSize);
        return (status >> 1, BinaryPrimitives.ReadUInt32LittleEndian(entry));
    }

    public byte[] Memory(ulong address, int byteCount)
    {
        byte[] data = new byte[byteCount];
        Board.Memory.ReadBytes(address, data);
        return data;
    }

    public void MoveTo(NvmeBench other)
    {
        other.Board.Clock.Restore(Board.Clock.NowNanoseconds);
        byte[] memory = new byte[Board.Ram.ByteCount];
        Board.Ram.Read(0, memory);
        other.Board.Ram.Write(0, memory);
        TestBoard.Transfer(Pci, other.Pci);
        TestBoard.Transfer(Controller, other.Controller);
        _tails.CopyTo(other._tails, 0);
        _heads.CopyTo(other._heads, 0);
        other._nextId = _nextId;
    }

    public void Dispose() => Board.Dispose();
}
