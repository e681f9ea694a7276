using System;
using Sosia.Devices.Ata;
using Sosia.Images;

namespace Sosia.Devices.Ide;

/// <content>The course of a command: from the Command register over the movement of data to the interrupt at its end.</content>
internal sealed partial class IdeChannel
{
    // The largest block that moves through the Data register: a packet device's.
    private readonly byte[] _data = new byte[0x1_0000];
    private int _dataPosition;
    private int _dataEnd;
    private IdePhase _phase;
    private int _active;
    private byte _command;

    // How much data of the command had moved when the bus master was started.
    private ulong _listStart;

    // A command is only valid in these phases with a device.
    private AtaDevice Active => _devices[_active]!;

    private void WriteCommand(byte command)
    {
        if (command == AtaCommand.Diagnostic)
        {
            BeginDiagnostic();
            return;
        }

        if (Selected is not { } device)
        {
            return;
        }

        if (command == AtaCommand.DeviceReset && device.IsPacketDevice)
        {
            // Taken at any time, and without an interrupt (ATA/ATAPI-6, 8.8).
            StopActive(_selected);
            device.Reset(isHardware: false);
            return;
        }

        bool isBusy = (device.Registers.Status & (AtaStatus.Busy | AtaStatus.DataRequest)) != 0;
        if (isBusy || (_phase != IdePhase.Idle && _active != _selected) || device.IsAsleep)
        {
            _log.GuestMisuse(_name, "command for a device that does not accept one now", command);
            return;
        }

        _interrupts[_selected] = false;
        UpdateInterrupt();
        _active = _selected;
        _command = command;
        device.Registers.Status = AtaStatus.Busy;
        GoOnLater(IdePhase.Command);
    }

    private void BeginDiagnostic()
    {
        StopActive(_active);
        _selected = 0;
        _interrupts[0] = _interrupts[1] = false;
        UpdateInterrupt();
        foreach (AtaDevice? device in _devices)
        {
            if (device is not null)
            {
                device.Registers.Status = AtaStatus.Busy;
            }
        }

        GoOnLater(IdePhase.Diagnostic);
    }

    private void EndDiagnostic()
    {
        EndReset();
        // Device 0 reports for both.
        if (_devices[0] is not null)
        {
            _active = 0;
            RaiseInterrupt();
        }
    }

    private void StopActive(int unit)
    {
        if (_active == unit)
        {
            _timer.Cancel();
            _phase = IdePhase.Idle;
            _dataPosition = _dataEnd = 0;
        }

        _interrupts[unit] = false;
        UpdateInterrupt();
    }

    // After the guest's next instruction.
    private void GoOnLater(IdePhase phase)
    {
        _phase = phase;
        _timer.Arm(_clock.NowNanoseconds + 1);
    }

    private void GoOn()
    {
        switch (_phase)
        {
            case IdePhase.Command:
                AfterCommand(Active.Execute(_command));
                break;
            case IdePhase.PacketCommand:
                AfterCommand(Active.ExecutePacket(_data.AsSpan(0, AtapiDevice.PacketByteCount)));
                break;
            case IdePhase.Fetch:
                Fetch();
                break;
            case IdePhase.Store:
                Store();
                break;
            case IdePhase.Dma:
                MoveByDma();
                break;
            case IdePhase.End:
                End();
                break;
            case IdePhase.Diagnostic:
                EndDiagnostic();
                break;
            case IdePhase.Reset:
                EndReset();
                break;
        }
    }

    private void AfterCommand(BlockResult result)
    {
        if (result == BlockResult.Stopped)
        {
            GoOnLater(_phase);
            return;
        }

        switch (Active.Protocol)
        {
            case AtaProtocol.PioIn:
                Fetch();
                break;
            case AtaProtocol.PioOut or AtaProtocol.Packet:
                // The host may write the first block without being told (ATA/ATAPI-6, 9.6 and 9.8).
                RequestData();
                break;
            case AtaProtocol.DmaIn or AtaProtocol.DmaOut:
                Active.Registers.Status = AtaStatus.Ready | AtaStatus.DataRequest | AtaStatus.SeekComplete;
                _phase = IdePhase.Dma;
                if (BusMaster.IsActive)
                {
                    BusMasterStarted();
                }

                break;
            default:
                Finish();
                break;
        }
    }

    // The command has ended: its result is in the registers.
    private void Finish()
    {
        _phase = IdePhase.Idle;
        _dataPosition = _dataEnd = 0;
        RaiseInterrupt();
    }

    private void End()
    {
        if (Active.EndData() == BlockResult.Stopped)
        {
            Active.Registers.Status = AtaStatus.Busy;
            GoOnLater(IdePhase.End);
            return;
        }

        Finish();
    }

    private void Fail(BlockResult result)
    {
        Active.FailData(result);
        Finish();
    }

    private void Fetch()
    {
        AtaDevice device = Active;
        device.BeginBlock();
        int byteCount = device.BlockByteCount;
        BlockResult result = device.ReadData(_data.AsSpan(0, byteCount));
        if (result == BlockResult.Stopped)
        {
            device.Registers.Status = AtaStatus.Busy;
            GoOnLater(IdePhase.Fetch);
            return;
        }

        if (result != BlockResult.Ok)
        {
            Fail(result);
            return;
        }

        // Words move: the last one of an odd number of bytes is filled up.
        _data[byteCount & 0xffff] = 0;
        _dataPosition = 0;
        _dataEnd = (byteCount + 1) & ~1;
        _phase = IdePhase.DataIn;
        device.Registers.Status = AtaStatus.Ready | AtaStatus.DataRequest | AtaStatus.SeekComplete;
        RaiseInterrupt();
    }

    private void RequestData()
    {
        AtaDevice device = Active;
        device.BeginBlock();
        _dataPosition = 0;
        _dataEnd = (device.BlockByteCount + 1) & ~1;
        _phase = IdePhase.DataOut;
        device.Registers.Status = AtaStatus.Ready | AtaStatus.DataRequest | AtaStatus.SeekComplete;
    }

    private uint ReadData()
    {
        if (Selected is null)
        {
            return _devices[0] is null ? FloatingWord : 0;
        }

        if (_phase != IdePhase.DataIn || _active != _selected)
        {
            return 0;
        }

        uint value = (uint)(_data[_dataPosition] | (_data[_dataPosition + 1] << 8));
        _dataPosition += 2;
        if (_dataPosition >= _dataEnd)
        {
            AfterBlockIn();
        }

        return value;
    }

    private void AfterBlockIn()
    {
        AtaDevice device = Active;
        if (device.Remaining != 0)
        {
            Fetch();
        }
        else if (device.IsPacketDevice && _command == AtaCommand.Packet)
        {
            End();
        }
        else
        {
            // The host has been told of the last block: there is no interrupt for its end (ATA/ATAPI-6, 9.5).
            _ = device.EndData();
            _phase = IdePhase.Idle;
        }
    }

    private void WriteData(ushort value)
    {
        if (_phase != IdePhase.DataOut || _active != _selected || Selected is null)
        {
            return;
        }

        _data[_dataPosition] = (byte)value;
        _data[_dataPosition + 1] = (byte)(value >> 8);
        _dataPosition += 2;
        if (_dataPosition < _dataEnd)
        {
            return;
        }

        if (Active.Protocol == AtaProtocol.Packet)
        {
            Active.Registers.Status = AtaStatus.Busy;
            GoOnLater(IdePhase.PacketCommand);
        }
        else
        {
            Store();
        }
    }

    private void Store()
    {
        AtaDevice device = Active;
        BlockResult result = device.WriteData(_data.AsSpan(0, device.BlockByteCount));
        if (result == BlockResult.Stopped)
        {
            device.Registers.Status = AtaStatus.Busy;
            GoOnLater(IdePhase.Store);
            return;
        }

        if (result != BlockResult.Ok)
        {
            Fail(result);
        }
        else if (device.Remaining != 0)
        {
            RequestData();
            RaiseInterrupt();
        }
        else
        {
            End();
        }
    }

    private void BusMasterStarted()
    {
        if (_phase != IdePhase.Dma)
        {
            return;
        }

        _listStart = Active.Transferred;
        GoOnLater(IdePhase.Dma);
    }

    // Moves what one turn allows. A table that is too short leaves the device waiting, until the host starts the bus master again or resets.
    private void MoveByDma()
    {
        if (!BusMaster.IsActive)
        {
            return;
        }

        AtaDevice device = Active;
        if (BusMaster.IsToMemory != (device.Protocol == AtaProtocol.DmaIn))
        {
            _log.GuestMisuse(_name, "bus master started in the wrong direction", _command);
            BusMaster.Fail();
            AbortDma();
            return;
        }

        BusMaster.ReadTable();
        if (!BusMaster.IsActive)
        {
            AbortDma();
            return;
        }

        ulong before = device.Transferred;
        BlockResult result = device.MoveData(BusMaster.List, _listStart);
        if (result == BlockResult.Stopped)
        {
            GoOnLater(IdePhase.Dma);
        }
        else if (result != BlockResult.Ok)
        {
            Fail(result);
        }
        else if (BusMaster.List.TouchedBadMemory)
        {
            _log.GuestMisuse(_name, "bus master transfer outside RAM", device.Transferred);
            BusMaster.Fail();
            AbortDma();
        }
        else
        {
            AfterDma(device, device.Transferred != before);
        }
    }

    private void AfterDma(AtaDevice device, bool hasMoved)
    {
        bool isListUsedUp = device.Transferred - _listStart >= BusMaster.List.ByteCount;
        if (isListUsedUp || !hasMoved)
        {
            BusMaster.EndOfTable();
        }

        if (device.Remaining == 0)
        {
            End();
        }
        else if (BusMaster.IsActive)
        {
            GoOnLater(IdePhase.Dma);
        }
    }

    private void AbortDma()
    {
        Active.Abort();
        Finish();
    }
}
