using System;
using System.Text;
using Sosia.Core.Snapshots;
using Sosia.Devices.I8042;

namespace Sosia.Devices.Sound.Sb16;

/// <content>The DSP: reset, commands and their parameters, replies (Programming Guide, chapter 6).</content>
public sealed partial class Sb16Card
{
    private const byte VersionMajor = 4;
    private const byte VersionMinor = 5;
    private const byte ReadyReply = 0xaa;
    private const int MaxParameters = 3;
    private const int ReplyCapacity = 64;
    private const int MinRate = 4_000;
    private const int MaxRate = 45_454;
    private const int DefaultRate = 11_025;

    private const byte ModeSigned = 1 << 4;
    private const byte ModeStereo = 1 << 5;
    private const byte CommandAutoInitialize = 1 << 2;
    private const byte CommandInput = 1 << 3;

    // By turns: which of a parameter's bits are subtracted, and what is added.
    private static readonly byte[] IdentificationNegative = [0x96, 0xa5, 0x69, 0x5a];
    private static readonly int[] IdentificationAddends = [-106, 165, -151, 90];
    private const byte IdentificationStart = 0xaa;

    private static readonly byte[] Copyright = [.. Encoding.ASCII.GetBytes("COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992."), 0];

    private readonly ByteQueue _replies = new(ReplyCapacity);
    private readonly byte[] _parameters = new byte[MaxParameters];
    private DirectOutput _direct;
    private byte _command;
    private int _parametersLeft;
    private int _parameterCount;
    private bool _resetLevel;
    private bool _isHighSpeed;
    private bool _isBusy;
    private bool _isSpeakerOn;
    private byte _lastReply;
    private byte _testRegister;
    private byte _identification = IdentificationStart;
    private byte _identificationCount;
    private int _rate = DefaultRate;
    private int _timeConstantRate;
    private int _blockSamples = 0x800;

    // Frames a second. A Sound Blaster Pro's time constant counts the samples of both channels.
    private int Rate => _timeConstantRate == 0 ? _rate : Math.Clamp(_transfer.IsStereo ? _timeConstantRate / 2 : _timeConstantRate, MinRate, MaxRate);

    private void ResetDsp()
    {
        _transfer = default;
        _transfer.SamplesLeft = _transfer.BlockSamples = 1;
        _converter.Clear();
        _direct.Clear();
        _command = 0;
        _parametersLeft = _parameterCount = 0;
        _isHighSpeed = _isBusy = _isSpeakerOn = false;
        _testRegister = _identificationCount = 0;
        _identification = IdentificationStart;
        _rate = DefaultRate;
        _timeConstantRate = 0;
        _blockSamples = 0x800;
    }

    private void SaveDsp(SnapshotWriter writer)
    {
        _direct.Save(writer);
        _replies.Save(writer, "dsp.replies");
        writer.Write("dsp.parameters", _parameters);
        writer.Write("dsp.command", _command);
        writer.Write("dsp.parameters-left", _parametersLeft);
        writer.Write("dsp.parameter-count", _parameterCount);
        writer.Write("dsp.reset", _resetLevel);
        writer.Write("dsp.high-speed", _isHighSpeed);
        writer.Write("dsp.busy", _isBusy);
        writer.Write("dsp.speaker", _isSpeakerOn);
        writer.Write("dsp.last-reply", _lastReply);
        writer.Write("dsp.test", _testRegister);
        writer.Write("dsp.identification", _identification);
        writer.Write("dsp.identification-count", _identificationCount);
        writer.Write("dsp.rate", _rate);
        writer.Write("dsp.time-constant-rate", _timeConstantRate);
        writer.Write("dsp.block", _blockSamples);
    }

    private void RestoreDsp(SnapshotReader reader)
    {
        _direct.Restore(reader);
        _replies.Restore(reader, "dsp.replies");
        reader.ReadBytes("dsp.parameters", _parameters);
        _command = reader.ReadByte("dsp.command");
        _parameterCount = Math.Clamp(reader.ReadInt32("dsp.parameter-count"), 0, MaxParameters);
        _parametersLeft = Math.Clamp(reader.ReadInt32("dsp.parameters-left"), 0, MaxParameters - _parameterCount);
        _resetLevel = reader.ReadBoolean("dsp.reset");
        _isHighSpeed = reader.ReadBoolean("dsp.high-speed");
        _isBusy = reader.ReadBoolean("dsp.busy");
        _isSpeakerOn = reader.ReadBoolean("dsp.speaker");
        _lastReply = reader.ReadByte("dsp.last-reply");
        _testRegister = reader.ReadByte("dsp.test");
        _identification = reader.ReadByte("dsp.identification");
        _identificationCount = reader.ReadByte("dsp.identification-count");
        _rate = Math.Clamp(reader.ReadInt32("dsp.rate"), MinRate, MaxRate);
        _timeConstantRate = Math.Clamp(reader.ReadInt32("dsp.time-constant-rate"), 0, 1_000_000);
        _blockSamples = Math.Clamp(reader.ReadInt32("dsp.block"), 1, 0x1_0000);
    }

    // The falling edge of the reset register's bit 0 resets, and is answered.
    private void WriteReset(byte value)
    {
        bool level = (value & 1) != 0;
        if (_resetLevel && !level)
        {
            bool wasHighSpeed = _isHighSpeed;
            _pending = 0;
            _replies.Clear();
            if (wasHighSpeed)
            {
                // In high speed this only ends the transfer.
                _transfer.IsActive = false;
                _isHighSpeed = false;
                _converter.Clear();
            }
            else
            {
                ResetDsp();
            }

            Reply(ReadyReply);
        }

        _resetLevel = level;
    }

    private byte ReadReply()
    {
        if (_replies.Count != 0)
        {
            _lastReply = _replies.Take();
        }

        return _lastReply;
    }

    // Bit 7: not ready for a byte. It goes up and down, as programs expect that measure it.
    private byte ReadWriteStatus()
    {
        _isBusy = !_isBusy;
        return _isBusy && (_isHighSpeed || _transfer.IsRunning) ? (byte)0xff : (byte)0x7f;
    }

    private void Reply(byte value) => _replies.Add(value);

    private void WriteCommand(byte value)
    {
        if (_resetLevel || _isHighSpeed)
        {
            // In high speed the DSP takes no commands.
            return;
        }

        if (_parametersLeft == 0)
        {
            _command = value;
            _parameterCount = 0;
            _parametersLeft = ParameterCountOf(value);
        }
        else
        {
            _parameters[_parameterCount++] = value;
            _parametersLeft--;
        }

        if (_parametersLeft == 0)
        {
            Execute();
            _parameterCount = 0;
        }
    }

    private static int ParameterCountOf(byte command) => command switch
    {
        0x04 or 0x10 or 0x38 or 0x40 or 0xe0 or 0xe2 or 0xe4 or 0xf9 => 1,
        0x05 or 0x0e or 0x14 or 0x15 or 0x16 or 0x17 or 0x24 or 0x41 or 0x42 or 0x48 or 0x74 or 0x75 or 0x76 or 0x77 or 0x80 => 2,
        >= 0xb0 and <= 0xcf => 3,
        _ => 0,
    };

    private void Execute()
    {
        switch (_command)
        {
            case 0x10:
                _direct.Set((_parameters[0] - 128) << 8);
                break;
            case 0x14 or 0x15:
                StartByte(isInput: false, isAuto: false, LengthParameter(0));
                break;
            case 0x1c:
                StartByte(isInput: false, isAuto: true, _blockSamples);
                break;
            case 0x20:
                Reply(0x80);
                break;
            case 0x24:
                StartByte(isInput: true, isAuto: false, LengthParameter(0));
                break;
            case 0x2c:
                StartByte(isInput: true, isAuto: true, _blockSamples);
                break;
            case 0x40:
                _timeConstantRate = 1_000_000 / (256 - _parameters[0]);
                break;
            case 0x41 or 0x42:
                // The high byte comes first here.
                _rate = Math.Clamp((_parameters[0] << 8) | _parameters[1], MinRate, MaxRate);
                _timeConstantRate = 0;
                break;
            case 0x45 or 0x47:
                _transfer.EndsWithBlock = false;
                break;
            case 0x48:
                _blockSamples = LengthParameter(0);
                break;
            case 0x80:
                Start(new Sb16Transfer { IsSilence = true, BlockSamples = LengthParameter(0) });
                break;
            case 0x90 or 0x91:
                StartByte(isInput: false, isAuto: _command == 0x90, _blockSamples);
                _isHighSpeed = true;
                break;
            case 0x98 or 0x99:
                StartByte(isInput: true, isAuto: _command == 0x98, _blockSamples);
                _isHighSpeed = true;
                break;
            case >= 0xb0 and <= 0xcf:
                Start(new Sb16Transfer
                {
                    Is16Bit = _command < 0xc0,
                    IsInput = (_command & CommandInput) != 0,
                    IsAutoInitialized = (_command & CommandAutoInitialize) != 0,
                    IsSigned = (_parameters[0] & ModeSigned) != 0,
                    IsStereo = (_parameters[0] & ModeStereo) != 0,
                    BlockSamples = LengthParameter(1),
                });
                break;
            case 0xd0 or 0xd5:
                _transfer.IsPaused = true;
                break;
            case 0xd4 or 0xd6:
                _transfer.IsPaused = false;
                break;
            case 0xd1 or 0xd3:
                // On this card the speaker is always connected; only the answer changes.
                _isSpeakerOn = _command == 0xd1;
                break;
            case 0xd8:
                Reply(_isSpeakerOn ? (byte)0xff : (byte)0);
                break;
            case 0xd9 or 0xda:
                _transfer.EndsWithBlock = true;
                break;
            default:
                ExecuteOther();
                break;
        }
    }

    private void ExecuteOther()
    {
        switch (_command)
        {
            case 0xe0:
                Reply((byte)~_parameters[0]);
                break;
            case 0xe1:
                Reply(VersionMajor);
                Reply(VersionMinor);
                break;
            case 0xe2:
                IdentifyByDma(_parameters[0]);
                break;
            case 0xe3:
                foreach (byte character in Copyright)
                {
                    Reply(character);
                }

                break;
            case 0xe4:
                _testRegister = _parameters[0];
                break;
            case 0xe8:
                Reply(_testRegister);
                break;
            case 0xf2:
                _pending |= PendingByte;
                break;
            case 0xf3:
                _pending |= PendingWord;
                break;
            case 0xf8 or 0xfb or 0xfc or 0xfd or 0xf9:
                Reply(0);
                break;
            case 0x16 or 0x17 or 0x74 or 0x75 or 0x76 or 0x77 or 0x1f or 0x7d or 0x7f:
                _log.GuestMisuse("sb16", "compressed samples are not implemented; they are not played", _command);
                break;
            default:
                _log.GuestMisuse("sb16", "unknown DSP command", _command);
                break;
        }
    }

    // A low byte and a high byte; one less than the length.
    private int LengthParameter(int index) => (_parameters[index] | (_parameters[index + 1] << 8)) + 1;

    private void StartByte(bool isInput, bool isAuto, int samples)
        => Start(new Sb16Transfer { IsInput = isInput, IsAutoInitialized = isAuto, IsStereo = _mixer.IsProStereo, BlockSamples = samples });

    private void Start(Sb16Transfer transfer)
    {
        _converter.Clear();
        _direct.Clear();
        transfer.IsActive = true;
        transfer.SamplesLeft = transfer.BlockSamples;
        _transfer = transfer;
    }

    // A sum of the parameter's bits, some of which are subtracted, goes to memory: how drivers find out which DMA channel the card uses.
    private void IdentifyByDma(byte value)
    {
        int turn = _identificationCount & 3;
        int sum = _identification + IdentificationAddends[turn];
        for (int i = 0; i < 8; i++)
        {
            int bit = value & (1 << i);
            sum += (IdentificationNegative[turn] & (1 << i)) != 0 ? -bit : bit;
        }

        _identification = (byte)sum;
        _identificationCount++;
        if (_mixer.ByteChannel is int channel and >= 0 && _dma.IsEnabled(channel))
        {
            _ = _dma.Write(channel, [_identification], out _);
        }
    }
}
