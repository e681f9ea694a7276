using System;
using Sosia.Core;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Floppy;

/// <content>Commands and results, and the commands that move no data (82077AA data sheet, chapter 5).</content>
public sealed partial class FloppyController
{
    private const byte VersionEnhanced = 0x90;
    private const byte SpecifyNonDma = 1;
    private const byte LockBit = 0x80;
    private const int RecalibrateSteps = 79;

    // A real drive needs 3 ms a step.
    private const long SeekNanoseconds = 300_000;
    private const long StepNanoseconds = 50_000;

    private readonly byte[] _command = new byte[9];
    private readonly byte[] _result = new byte[10];
    private readonly byte[] _presentCylinders = new byte[UnitCount];
    private FloppyPhase _phase;
    private int _commandPosition;
    private int _commandEnd;
    private int _resultPosition;
    private int _resultEnd;
    private byte _stepRate;
    private byte _headLoad;
    private byte _configuration = DefaultConfiguration;
    private byte _precompensation;
    private byte _perpendicular;
    private bool _isLocked;

    private void ResetSettings()
    {
        if (!_isLocked)
        {
            _configuration = DefaultConfiguration;
            _precompensation = 0;
            _perpendicular = 0;
        }

        Array.Clear(_presentCylinders);
    }

    private void SaveCommand(SnapshotWriter writer)
    {
        writer.Write("phase", (long)_phase);
        writer.Write("command", _command);
        writer.Write("commandPosition", _commandPosition);
        writer.Write("commandEnd", _commandEnd);
        writer.Write("result", _result);
        writer.Write("resultPosition", _resultPosition);
        writer.Write("resultEnd", _resultEnd);
        writer.Write("presentCylinders", _presentCylinders);
        writer.Write("stepRate", _stepRate);
        writer.Write("headLoad", _headLoad);
        writer.Write("configuration", _configuration);
        writer.Write("precompensation", _precompensation);
        writer.Write("perpendicular", _perpendicular);
        writer.Write("isLocked", _isLocked);
    }

    private void RestoreCommand(SnapshotReader reader)
    {
        _phase = (FloppyPhase)reader.ReadByte("phase");
        reader.ReadBytes("command", _command);
        _commandPosition = reader.ReadInt32("commandPosition");
        _commandEnd = reader.ReadInt32("commandEnd");
        reader.ReadBytes("result", _result);
        _resultPosition = reader.ReadInt32("resultPosition");
        _resultEnd = reader.ReadInt32("resultEnd");
        reader.ReadBytes("presentCylinders", _presentCylinders);
        _stepRate = reader.ReadByte("stepRate");
        _headLoad = reader.ReadByte("headLoad");
        _configuration = reader.ReadByte("configuration");
        _precompensation = reader.ReadByte("precompensation");
        _perpendicular = reader.ReadByte("perpendicular");
        _isLocked = reader.ReadBoolean("isLocked");
        bool isSound = _phase <= FloppyPhase.Result && _commandEnd <= _command.Length && _commandPosition >= 0 && _commandPosition <= _commandEnd
            && _resultEnd <= _result.Length && _resultPosition >= 0 && _resultPosition <= _resultEnd
            && (_phase != FloppyPhase.Result || _resultPosition < _resultEnd);
        if (!isSound)
        {
            throw new SosiaException("The snapshot's section 'floppy' is damaged: its command makes no sense.");
        }
    }

    private void WriteFifo(byte value)
    {
        if ((_output & OutputNotReset) == 0 || _isResetting)
        {
            return;
        }

        switch (_phase)
        {
            case FloppyPhase.Command:
                TakeCommandByte(value);
                break;
            case FloppyPhase.DataFromHost:
                TakeDataByte(value);
                break;
            default:
                _log.GuestMisuse("floppy", "byte written while none is taken", value);
                break;
        }
    }

    private byte ReadFifo()
    {
        if (_phase == FloppyPhase.DataToHost)
        {
            return GiveDataByte();
        }

        if (_phase != FloppyPhase.Result)
        {
            return 0;
        }

        DropInterrupt();
        byte value = _result[_resultPosition++];
        if (_resultPosition == _resultEnd)
        {
            EndCommand();
        }

        return value;
    }

    private void EndCommand()
    {
        _phase = FloppyPhase.Command;
        _commandPosition = _commandEnd = 0;
        _resultPosition = _resultEnd = 0;
    }

    private void TakeCommandByte(byte value)
    {
        if (_commandPosition == 0)
        {
            _commandEnd = FloppyOpcode.ByteCount(value);
            if (_commandEnd == 0)
            {
                SetResult(FloppyStatus.Invalid);
                return;
            }
        }

        _command[_commandPosition++] = value;
        if (_commandPosition == _commandEnd)
        {
            Begin(_command[0]);
        }
    }

    private void SetResult(params ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_result);
        _resultPosition = 0;
        _resultEnd = bytes.Length;
        _phase = FloppyPhase.Result;
    }

    private void Begin(byte command)
    {
        int unit = _command[1] & 3;
        switch (command)
        {
            case FloppyOpcode.Specify:
                _stepRate = _command[1];
                _headLoad = _command[2];
                EndCommand();
                break;
            case FloppyOpcode.SenseDriveStatus:
                SetResult(DriveStatus(unit, (_command[1] >> 2) & 1));
                break;
            case FloppyOpcode.Recalibrate:
                BeginSeek(unit, Math.Max(0, _units[unit].Cylinder - RecalibrateSteps));
                break;
            case FloppyOpcode.Seek:
                BeginSeek(unit, _units[unit].Cylinder + _command[2] - _presentCylinders[unit]);
                break;
            case FloppyOpcode.RelativeSeek or (FloppyOpcode.RelativeSeek | 0x40):
                BeginSeek(unit, _units[unit].Cylinder + ((command & 0x40) != 0 ? _command[2] : -_command[2]));
                break;
            case FloppyOpcode.SenseInterruptStatus:
                SenseInterrupt();
                break;
            case FloppyOpcode.Version:
                SetResult(VersionEnhanced);
                break;
            case FloppyOpcode.DumpRegisters:
                DumpRegisters();
                break;
            case FloppyOpcode.PerpendicularMode:
                // Without OW only the gap and write gate bits change.
                _perpendicular = (byte)((_command[1] & 0x80) != 0 ? _command[1] & 0x3f : (_perpendicular & 0x3c) | (_command[1] & 3));
                EndCommand();
                break;
            case FloppyOpcode.Configure:
                _configuration = (byte)(_command[2] & 0x7f);
                _precompensation = _command[3];
                EndCommand();
                break;
            case FloppyOpcode.Lock or (FloppyOpcode.Lock | LockBit):
                _isLocked = (command & LockBit) != 0;
                SetResult(_isLocked ? (byte)0x10 : (byte)0);
                break;
            default:
                BeginTransfer();
                break;
        }
    }

    private byte DriveStatus(int unit, int head)
    {
        FloppyUnit drive = _units[unit];
        if (drive.Type == FloppyDriveType.None)
        {
            return (byte)(unit | (head << 2) | 0x28);
        }

        // Ready and two-sided are tied high.
        return (byte)(unit | (head << 2) | 0x28 | (drive.Cylinder == 0 ? 0x10 : 0) | (drive.IsWriteProtected ? 0x40 : 0));
    }

    private void DumpRegisters()
    {
        SetResult(
            _presentCylinders[0], _presentCylinders[1], _presentCylinders[2], _presentCylinders[3], _stepRate, _headLoad,
            _endOfTrack, (byte)((_isLocked ? LockBit : 0) | (_perpendicular & 0x3f)), _configuration, _precompensation);
    }

    // The head moves while the controller takes other commands.
    private void BeginSeek(int unit, int cylinder)
    {
        FloppyUnit drive = _units[unit];
        bool isRecalibrate = _command[0] == FloppyOpcode.Recalibrate;
        int target = Math.Clamp(cylinder, 0, FloppyUnit.LastCylinder);
        int steps = Math.Abs(target - drive.Cylinder);
        drive.MoveTo(target);
        _presentCylinders[unit] = isRecalibrate ? (byte)0 : _command[0] == FloppyOpcode.Seek ? _command[2] : (byte)target;
        int status = FloppyStatus.SeekEnd | unit | (isRecalibrate ? 0 : _command[1] & 4);
        if (isRecalibrate && (drive.Type == FloppyDriveType.None || drive.Cylinder != 0))
        {
            status |= FloppyStatus.Abnormal | FloppyStatus.EquipmentCheck;
        }

        _unitStatus[unit] = (byte)status;
        _seekTimers[unit].Arm(_clock.NowNanoseconds + SeekNanoseconds + (steps * StepNanoseconds));
        EndCommand();
    }

    private void SenseInterrupt()
    {
        for (int i = 0; i < UnitCount; i++)
        {
            byte status = _unitStatus[i];
            if (status == 0 || _seekTimers[i].IsArmed)
            {
                continue;
            }

            _unitStatus[i] = 0;
            DropInterrupt();
            SetResult(status, _presentCylinders[i]);
            // Another seek that has ended has its own interrupt; the drives' readiness after a reset has one for all.
            if (Array.Exists(_unitStatus, static s => (s & FloppyStatus.SeekEnd) != 0) && !Array.Exists(_seekTimers, static t => t.IsArmed))
            {
                RaiseInterrupt();
            }

            return;
        }

        SetResult(FloppyStatus.Invalid);
    }
}
