using System;
using System.Buffers.Binary;
using System.Numerics;
using Sosia.Devices.Ata;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Devices.Ahci;

/// <content>Commands: from the command list over the movement of data to the frame that tells of the end (AHCI 1.3.1, chapters 4 and 5).</content>
internal sealed partial class AhciPort
{
    private const int SlotCount = 32;
    private const int HeaderByteCount = 32;
    private const int FrameByteCount = 20;
    private const int PacketOffset = 0x40;
    private const int DescriptorOffset = 0x80;
    private const int DescriptorByteCount = 16;

    private const uint HeaderIsPacket = 1 << 5;
    private const uint HeaderClearBusy = 1 << 10;

    private const byte FrameHostToDevice = 0x27;
    private const byte FrameDeviceToHost = 0x34;
    private const byte FrameSetDeviceBits = 0xa1;
    private const byte FramePioSetup = 0x5f;
    private const byte FrameInterrupt = 0x40;
    private const int PioSetupPlace = 0x20;
    private const int RegistersPlace = 0x40;
    private const int DeviceBitsPlace = 0x58;

    // How many commands end before the guest gets its turn.
    private const int CommandsPerTurn = 32;
    private const ulong BytesPerTurn = 16 * 1024 * 1024;

    private readonly ScatterList _list;

    // The command in progress.
    private int _slot = -1;
    private Step _step;
    private bool _isQueued;

    private enum Step : byte
    {
        Fetch,
        Packet,
        Data,
        End,
    }

    private bool CanFetch => IsRunning && !_isHalted && _isLinkUp && _commandIssue != 0 && _isBusMaster();

    private void GoOn()
    {
        ulong moved = 0;
        for (int i = 0; i < CommandsPerTurn && moved < BytesPerTurn; i++)
        {
            if (_slot < 0 || _step == Step.Fetch)
            {
                if (!CanFetch)
                {
                    return;
                }

                _slot = NextSlot();
                _step = Step.Fetch;
            }

            if (!Continue(ref moved))
            {
                // More data than a turn's, or the host cannot go on.
                GoOnLater();
                return;
            }
        }

        if (CanFetch)
        {
            GoOnLater();
        }
    }

    // Slots take turns, so that none waits for ever.
    private int NextSlot()
    {
        uint later = _slot < 0 || _slot == SlotCount - 1 ? 0 : _commandIssue & (uint.MaxValue << (_slot + 1));
        return BitOperations.TrailingZeroCount(later != 0 ? later : _commandIssue);
    }

    // False: to be continued.
    private bool Continue(ref ulong moved)
    {
        Span<byte> header = stackalloc byte[HeaderByteCount];
        if (!_memory.ReadBytes(_commandList + ((ulong)_slot * HeaderByteCount), header))
        {
            FailHostBus("command list outside RAM", _commandList);
            return true;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) & ~0x7fUL;
        AtaDevice device = _device!;
        if (_step == Step.Fetch)
        {
            BlockResult fetched = Begin(device, flags, table);
            if (fetched == BlockResult.Stopped)
            {
                return false;
            }
        }

        if (_step == Step.Packet)
        {
            Span<byte> packet = stackalloc byte[AtapiDevice.PacketByteCount];
            if (!_memory.ReadBytes(table + PacketOffset, packet))
            {
                FailHostBus("packet outside RAM", table);
                return true;
            }

            _step = Step.Data;
            if (device.ExecutePacket(packet) == BlockResult.Stopped)
            {
                _step = Step.Packet;
                return false;
            }

            if (device.Protocol == AtaProtocol.Done)
            {
                Finish(device, isPioIn: false);
            }
        }

        return _step switch
        {
            Step.Data => MoveData(device, flags, table, ref moved),
            Step.End => End(device),
            _ => true,
        };
    }

    private BlockResult Begin(AtaDevice device, uint flags, ulong table)
    {
        Span<byte> frame = stackalloc byte[FrameByteCount];
        if (!_memory.ReadBytes(table, frame))
        {
            FailHostBus("command table outside RAM", table);
            return BlockResult.Ok;
        }

        if (frame[0] != FrameHostToDevice)
        {
            _log.GuestMisuse(_name, "frame that is no command", frame[0]);
            EndSlot();
            return BlockResult.Ok;
        }

        if ((frame[1] & 0x80) == 0)
        {
            WriteControl(device, flags, frame[15]);
            return BlockResult.Ok;
        }

        AtaRegisters registers = device.Registers;
        registers.Features = (ushort)(frame[3] | (frame[11] << 8));
        registers.LbaLow = (ushort)(frame[4] | (frame[8] << 8));
        registers.LbaMid = (ushort)(frame[5] | (frame[9] << 8));
        registers.LbaHigh = (ushort)(frame[6] | (frame[10] << 8));
        registers.Count = (ushort)(frame[12] | (frame[13] << 8));
        registers.Device = frame[7];
        registers.Status = AtaStatus.Busy;
        _taskFile = (_taskFile & 0xff00) | AtaStatus.Busy;
        _isQueued = frame[2] is AtaCommand.ReadFpdmaQueued or AtaCommand.WriteFpdmaQueued && device is AtaDisk;
        if (_isQueued)
        {
            BeginQueued((AtaDisk)device, frame);
            return BlockResult.Ok;
        }

        if (device.Execute(frame[2]) == BlockResult.Stopped)
        {
            return BlockResult.Stopped;
        }

        switch (device.Protocol)
        {
            case AtaProtocol.Done:
                Finish(device, isPioIn: false);
                break;
            case AtaProtocol.Packet when (flags & HeaderIsPacket) != 0:
                _step = Step.Packet;
                break;
            case AtaProtocol.Packet:
                device.Abort();
                Finish(device, isPioIn: false);
                break;
            default:
                _step = Step.Data;
                break;
        }

        return BlockResult.Ok;
    }

    // A frame without the command bit writes the Device Control register: a software reset is two of them.
    private void WriteControl(AtaDevice device, uint flags, byte control)
    {
        if ((control & 4) != 0)
        {
            device.Reset(isHardware: false);
            _taskFile = (_taskFile & 0xff00) | AtaStatus.Busy;
            if ((flags & HeaderClearBusy) != 0)
            {
                _taskFile &= ~(uint)AtaStatus.Busy;
            }
        }
        else
        {
            device.Reset(isHardware: false);
            ReceiveSignature();
        }

        EndSlot();
    }

    private void BeginQueued(AtaDisk disk, ReadOnlySpan<byte> frame)
    {
        ulong sector = frame[4] | ((ulong)frame[5] << 8) | ((ulong)frame[6] << 16) | ((ulong)frame[8] << 24) | ((ulong)frame[9] << 32) | ((ulong)frame[10] << 40);
        disk.ExecuteQueued(frame[2] == AtaCommand.WriteFpdmaQueued, sector, (ushort)(frame[3] | (frame[11] << 8)), (frame[7] & 0x80) != 0);
        if (disk.Protocol == AtaProtocol.Done)
        {
            FinishQueued(disk);
            return;
        }

        // The device accepts it and is free for the next one.
        _taskFile = AtaStatus.Ready | AtaStatus.SeekComplete;
        _step = Step.Data;
    }

    private bool MoveData(AtaDevice device, uint flags, ulong table, ref ulong moved)
    {
        bool isPioIn = device.Protocol == AtaProtocol.PioIn;
        if (!ReadDescriptors(flags >> 16, table, device.Transferred + device.Remaining, out bool wantsInterrupt))
        {
            FailHostBus("descriptors outside RAM", table);
            return true;
        }

        ulong before = device.Transferred;
        BlockResult result = device.MoveData(_list, 0);
        moved += device.Transferred - before;
        if (result == BlockResult.Stopped)
        {
            return false;
        }

        if (_list.TouchedBadMemory)
        {
            FailHostBus("data outside RAM", table);
            return true;
        }

        if (result != BlockResult.Ok)
        {
            device.FailData(result);
            FinishAny(device, isPioIn: false);
            return true;
        }

        if (device.Remaining != 0 && device.Transferred != before)
        {
            return false;
        }

        if (device.Remaining != 0)
        {
            Raise(InterruptOverflow);
        }

        if (wantsInterrupt)
        {
            Raise(InterruptDescriptor);
        }

        _step = Step.End;
        return End(device);
    }

    private bool End(AtaDevice device)
    {
        bool isPioIn = device.Protocol == AtaProtocol.PioIn;
        if (device.EndData() == BlockResult.Stopped)
        {
            return false;
        }

        FinishAny(device, isPioIn);
        return true;
    }

    private void FinishAny(AtaDevice device, bool isPioIn)
    {
        if (_isQueued)
        {
            FinishQueued((AtaDisk)device);
        }
        else
        {
            Finish(device, isPioIn && !device.IsPacketDevice);
        }
    }

    // Reads the physical region descriptors, as far as the command needs them.
    private bool ReadDescriptors(uint count, ulong table, ulong byteCount, out bool wantsInterrupt)
    {
        wantsInterrupt = false;
        _list.Clear();
        Span<byte> descriptor = stackalloc byte[DescriptorByteCount];
        for (uint i = 0; i < count && _list.ByteCount < byteCount; i++)
        {
            if (!_memory.ReadBytes(table + DescriptorOffset + (i * DescriptorByteCount), descriptor))
            {
                return false;
            }

            uint control = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[12..]);
            wantsInterrupt |= (control & 0x8000_0000) != 0;
            _list.Add(BinaryPrimitives.ReadUInt64LittleEndian(descriptor) & ~1UL, (control & 0x3f_fffe) + 2);
        }

        return true;
    }

    // The result is in the registers: a frame tells of it.
    private void Finish(AtaDevice device, bool isPioIn)
    {
        AtaRegisters registers = device.Registers;
        _taskFile = registers.Status | ((uint)registers.Error << 8);
        Span<byte> transferred = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(transferred, (uint)device.Transferred);
        _ = _memory.WriteBytes(_commandList + ((ulong)_slot * HeaderByteCount) + 4, transferred);
        bool isError = (registers.Status & AtaStatus.Error) != 0;
        if (isError)
        {
            // The command stays issued: PxCMD.CCS names it.
            _isHalted = true;
            _step = Step.Fetch;
            SendRegisters(isInterrupting: true);
            Raise(InterruptTaskFileError);
            return;
        }

        EndSlot();
        if (isPioIn)
        {
            SendPioSetup(device);
        }
        else
        {
            SendRegisters(isInterrupting: true);
        }
    }

    private void FinishQueued(AtaDisk disk)
    {
        AtaRegisters registers = disk.Registers;
        uint bit = 1u << _slot;
        bool isError = (registers.Status & AtaStatus.Error) != 0;
        _commandIssue &= ~bit;
        _step = Step.Fetch;
        _taskFile = registers.Status | ((uint)registers.Error << 8);
        if (isError)
        {
            WriteQueuedErrorLog(disk, _slot);
            _isHalted = true;
        }
        else
        {
            _sataActive &= ~bit;
        }

        Span<byte> frame = stackalloc byte[8];
        frame[0] = FrameSetDeviceBits;
        frame[1] = FrameInterrupt;
        frame[2] = (byte)(registers.Status & 0x77);
        frame[3] = registers.Error;
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], isError ? 0 : bit);
        Post(DeviceBitsPlace, frame);
        Raise(InterruptSetDeviceBits | (isError ? InterruptTaskFileError : 0));
    }

    private static void WriteQueuedErrorLog(AtaDisk disk, int tag)
    {
        AtaRegisters registers = disk.Registers;
        byte[] log = disk.QueuedErrorLog;
        Array.Clear(log);
        log[0] = (byte)tag;
        log[2] = registers.Status;
        log[3] = registers.Error;
        WriteAddress(registers, log.AsSpan(4));
        log[12] = (byte)registers.Count;
        log[13] = (byte)(registers.Count >> 8);
    }

    // As a frame has it: LBA low, mid, high, device, and the upper halves.
    private static void WriteAddress(AtaRegisters registers, Span<byte> destination)
    {
        destination[0] = (byte)registers.LbaLow;
        destination[1] = (byte)registers.LbaMid;
        destination[2] = (byte)registers.LbaHigh;
        destination[3] = registers.Device;
        destination[4] = (byte)(registers.LbaLow >> 8);
        destination[5] = (byte)(registers.LbaMid >> 8);
        destination[6] = (byte)(registers.LbaHigh >> 8);
    }

    private void EndSlot()
    {
        _commandIssue &= ~(1u << _slot);
        _step = Step.Fetch;
    }

    private void FailHostBus(string what, ulong address)
    {
        _log.GuestMisuse(_name, what, address);
        _isHalted = true;
        _step = Step.Fetch;
        Raise(InterruptHostBusFatal);
    }

    private void SendRegisters(bool isInterrupting)
    {
        Span<byte> frame = stackalloc byte[FrameByteCount];
        FillRegisters(frame, FrameDeviceToHost, isInterrupting);
        Post(RegistersPlace, frame);
        if (isInterrupting)
        {
            Raise(InterruptDeviceToHost);
        }
    }

    private void SendPioSetup(AtaDevice device)
    {
        Span<byte> frame = stackalloc byte[FrameByteCount];
        FillRegisters(frame, FramePioSetup, isInterrupting: true);
        frame[1] |= 0x20;
        frame[15] = device.Registers.Status;
        BinaryPrimitives.WriteUInt16LittleEndian(frame[16..], (ushort)device.Transferred);
        Post(PioSetupPlace, frame);
        Raise(InterruptPioSetup);
    }

    private void FillRegisters(Span<byte> frame, byte type, bool isInterrupting)
    {
        AtaRegisters registers = _device!.Registers;
        frame.Clear();
        frame[0] = type;
        frame[1] = isInterrupting ? FrameInterrupt : (byte)0;
        frame[2] = registers.Status;
        frame[3] = registers.Error;
        WriteAddress(registers, frame[4..]);
        frame[12] = (byte)registers.Count;
        frame[13] = (byte)(registers.Count >> 8);
    }

    private void Post(int place, ReadOnlySpan<byte> frame)
    {
        if ((_command & CommandFrameRunning) != 0 && !_memory.WriteBytes(_frames + (ulong)place, frame))
        {
            _log.GuestMisuse(_name, "received frames outside RAM", _frames);
        }
    }
}
