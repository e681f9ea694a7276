using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Sound.Ac97;

/// <summary>
/// The registers of an AC'97 codec (Audio Codec '97 revision 2.3, chapter 5): a SigmaTel STAC9700 with variable rates. It plays; its inputs are silent.
/// </summary>
internal sealed class Ac97Codec
{
    /// <summary>How many bytes of registers there are.</summary>
    public const int RegisterByteCount = 0x80;

    private const int Master = 0x02;
    private const int PcmOut = 0x18;
    private const int RecordSelect = 0x1a;
    private const int PowerDown = 0x26;
    private const int ExtendedId = 0x28;
    private const int ExtendedControl = 0x2a;
    private const int FrontRate = 0x2c;
    private const int InputRate = 0x32;
    private const int MicrophoneRate = 0x34;
    private const int VendorId1 = 0x7c;
    private const int VendorId2 = 0x7e;

    private const ushort Mute = 0x8000;
    private const ushort VariableRate = 1;
    private const ushort VariableMicrophoneRate = 1 << 3;
    private const int MaxRate = 48_000;
    private const int MinRate = 4_000;

    // Converters, analogue part and reference are ready.
    private const ushort Ready = 0x000f;

    // 1.5 dB a step, as a factor of 65536.
    private static readonly int[] Attenuation = MakeAttenuation();

    private readonly ushort[] _registers = new ushort[RegisterByteCount / 2];

    public Ac97Codec()
    {
        Reset();
    }

    /// <summary>Frames a second of the output.</summary>
    public int OutputRate => (_registers[ExtendedControl / 2] & VariableRate) != 0 ? _registers[FrontRate / 2] : MaxRate;

    /// <summary>Frames a second of the input.</summary>
    public int RecordRate => (_registers[ExtendedControl / 2] & VariableRate) != 0 ? _registers[InputRate / 2] : MaxRate;

    /// <summary>Frames a second of the microphone's channel of its own.</summary>
    public int MicrophoneFrames => (_registers[ExtendedControl / 2] & VariableMicrophoneRate) != 0 ? _registers[MicrophoneRate / 2] : MaxRate;

    /// <summary>The factor of 65536 of the left output.</summary>
    public int LeftGain => Gain(8);

    /// <summary>The factor of 65536 of the right output.</summary>
    public int RightGain => Gain(0);

    /// <summary>Puts the registers to their values after a cold reset.</summary>
    public void Reset()
    {
        Array.Clear(_registers);
        foreach ((int register, ushort value) in (ReadOnlySpan<(int, ushort)>)
            [
                (Master, 0x8000), (0x04, 0x8000), (0x06, 0x8000), (0x0c, 0x8008), (0x0e, 0x8008), (0x10, 0x8808), (0x12, 0x8808), (0x14, 0x8808), (0x16, 0x8808),
                (PcmOut, 0x8808), (0x1c, 0x8000), (PowerDown, Ready), (ExtendedId, VariableRate | VariableMicrophoneRate), (FrontRate, MaxRate), (InputRate, MaxRate),
                (MicrophoneRate, MaxRate), (VendorId1, 0x8384), (VendorId2, 0x7600),
            ])
        {
            _registers[register / 2] = value;
        }
    }

    /// <summary>Reads a register.</summary>
    /// <param name="offset">Even, below <see cref="RegisterByteCount"/>.</param>
    public ushort Read(int offset) => _registers[offset / 2];

    /// <summary>Writes a register.</summary>
    /// <param name="offset">Even, below <see cref="RegisterByteCount"/>.</param>
    /// <param name="value">The value; bits that do not exist are dropped.</param>
    public void Write(int offset, ushort value)
    {
        switch (offset)
        {
            case 0:
                Reset();
                break;
            case Master or 0x04:
                // A volume of five bits: a sixth means the loudest attenuation.
                _registers[offset / 2] = (ushort)((value & Mute) | SaturateSixth(value >> 8) << 8 | SaturateSixth(value));
                break;
            case 0x06:
                _registers[offset / 2] = (ushort)((value & Mute) | SaturateSixth(value));
                break;
            case 0x0a:
                _registers[offset / 2] = (ushort)(value & 0x801e);
                break;
            case 0x0c:
                _registers[offset / 2] = (ushort)(value & 0x801f);
                break;
            case 0x0e:
                _registers[offset / 2] = (ushort)(value & 0x805f);
                break;
            case 0x10 or 0x12 or 0x14 or 0x16 or PcmOut:
                _registers[offset / 2] = (ushort)(value & 0x9f1f);
                break;
            case RecordSelect:
                _registers[offset / 2] = (ushort)(value & 0x0707);
                break;
            case 0x1c:
                _registers[offset / 2] = (ushort)(value & 0x8f0f);
                break;
            case 0x20:
                _registers[offset / 2] = (ushort)(value & 0x0380);
                break;
            case PowerDown:
                // What is switched off is not ready: converters by bits 8 and 9, the mixer by 10 and 11.
                int ready = Ready;
                ready &= (value & 0x0100) != 0 ? ~1 : ~0;
                ready &= (value & 0x0200) != 0 ? ~2 : ~0;
                ready &= (value & 0x0c00) != 0 ? ~4 : ~0;
                ready &= (value & 0x0800) != 0 ? ~8 : ~0;
                _registers[offset / 2] = (ushort)((value & 0xff00) | ready);
                break;
            case ExtendedControl:
                WriteExtendedControl(value);
                break;
            case FrontRate or InputRate when (_registers[ExtendedControl / 2] & VariableRate) != 0:
            case MicrophoneRate when (_registers[ExtendedControl / 2] & VariableMicrophoneRate) != 0:
                _registers[offset / 2] = (ushort)Math.Clamp((int)value, MinRate, MaxRate);
                break;
        }
    }

    public void Save(SnapshotWriter writer)
    {
        for (int i = 0; i < _registers.Length; i++)
        {
            writer.Write($"codec{2 * i:x2}", _registers[i]);
        }
    }

    public void Restore(SnapshotReader reader)
    {
        for (int i = 0; i < _registers.Length; i++)
        {
            _registers[i] = reader.ReadUInt16($"codec{2 * i:x2}");
        }

        foreach (int register in (ReadOnlySpan<int>)[FrontRate, InputRate, MicrophoneRate])
        {
            _registers[register / 2] = (ushort)Math.Clamp((int)_registers[register / 2], MinRate, MaxRate);
        }
    }

    private static int SaturateSixth(int value) => (value & 0x20) != 0 ? 0x1f : value & 0x1f;

    private void WriteExtendedControl(ushort value)
    {
        _registers[ExtendedControl / 2] = (ushort)(value & (VariableRate | VariableMicrophoneRate));
        if ((value & VariableRate) == 0)
        {
            _registers[FrontRate / 2] = _registers[InputRate / 2] = MaxRate;
        }

        if ((value & VariableMicrophoneRate) == 0)
        {
            _registers[MicrophoneRate / 2] = MaxRate;
        }
    }

    // Of the master volume and the output's own, where 8 is 0 dB.
    private int Gain(int shift)
    {
        ushort master = _registers[Master / 2];
        ushort output = _registers[PcmOut / 2];
        if (((master | output) & Mute) != 0 || (_registers[PowerDown / 2] & 0x0200) != 0)
        {
            return 0;
        }

        int steps = ((master >> shift) & 0x1f) + ((output >> shift) & 0x1f) - 8;
        return Attenuation[Math.Max(0, steps + 8)];
    }

    private static int[] MakeAttenuation()
    {
        int[] factors = new int[64];
        for (int i = 0; i < factors.Length; i++)
        {
            factors[i] = (int)Math.Round(65536 * Math.Pow(10, -1.5 * (i - 8) / 20));
        }

        return factors;
    }
}
