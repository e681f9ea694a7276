using System;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Sound.Sb16;

/// <summary>The CT1745 mixer of a Sound Blaster 16 (Sound Blaster Series Hardware Programming Guide, chapter 4): volumes, and which interrupt and DMA channels the card uses.</summary>
internal sealed class Sb16Mixer
{
    /// <summary>The register that says which interrupt the card uses.</summary>
    public const int InterruptSelect = 0x80;

    /// <summary>The register that says which DMA channels the card uses.</summary>
    public const int DmaSelect = 0x81;

    /// <summary>The register that says what asks for an interrupt.</summary>
    public const int InterruptStatus = 0x82;

    private const int ProVoice = 0x04;
    private const int ProMicrophone = 0x0a;
    private const int ProOutput = 0x0e;
    private const int ProMaster = 0x22;
    private const int MasterLeft = 0x30;
    private const int VoiceLeft = 0x32;
    private const int FirstOwn = 0x30;
    private const int LastOwn = 0x47;
    private const byte ProStereo = 1 << 1;

    // 2 dB a step, 31 being 0 dB, as a factor of 65536.
    private static readonly int[] Factors = MakeFactors();

    // Interrupt 2 of the bus is input 9 of a PC/AT's controllers.
    private static readonly int[] Interrupts = [9, 5, 7, 10];

    private readonly byte[] _registers = new byte[256];
    private byte _index;

    public Sb16Mixer()
    {
        PowerOn();
    }

    /// <summary>The register that the data port reaches.</summary>
    public byte Index => _index;

    /// <summary>The interrupt that software chose; none of them: 0.</summary>
    public int Interrupt
    {
        get
        {
            for (int i = 0; i < Interrupts.Length; i++)
            {
                if ((_registers[InterruptSelect] & (1 << i)) != 0)
                {
                    return Interrupts[i];
                }
            }

            return 0;
        }
    }

    /// <summary>The DMA channel of 8-bit transfers; -1 for none.</summary>
    public int ByteChannel => FirstOf(_registers[DmaSelect], [0, 1, 3]);

    /// <summary>The DMA channel of 16-bit transfers; without one of its own that of 8-bit ones.</summary>
    public int WordChannel => FirstOf(_registers[DmaSelect], [5, 6, 7]) is int channel and >= 0 ? channel : ByteChannel;

    /// <summary>True when a Sound Blaster Pro's commands play two channels.</summary>
    public bool IsProStereo => (_registers[ProOutput] & ProStereo) != 0;

    /// <summary>The factor of 65536 of the left output.</summary>
    public int LeftGain => Gain(0);

    /// <summary>The factor of 65536 of the right output.</summary>
    public int RightGain => Gain(1);

    /// <summary>Everything as the card comes: interrupt 5, DMA channels 1 and 5.</summary>
    public void PowerOn()
    {
        Array.Clear(_registers);
        _index = 0;
        _registers[InterruptSelect] = 1 << 1;
        _registers[DmaSelect] = (1 << 1) | (1 << 5);
        ResetVolumes();
    }

    public void Select(byte index) => _index = index;

    /// <summary>Reads the chosen register.</summary>
    /// <param name="pending">What asks for an interrupt: bit 0 8-bit transfers, bit 1 16-bit ones.</param>
    public byte Read(byte pending) => _index switch
    {
        InterruptStatus => pending,
        InterruptSelect => (byte)(0xf0 | _registers[InterruptSelect]),
        // The old registers show the upper bits of the new ones.
        ProVoice => Both(VoiceLeft),
        ProMaster => Both(MasterLeft),
        0x26 => Both(0x34),
        0x28 => Both(0x36),
        0x2e => Both(0x38),
        ProMicrophone => (byte)(_registers[0x3a] >> 5),
        _ => _registers[_index],
    };

    /// <summary>Writes the chosen register.</summary>
    public void Write(byte value)
    {
        switch (_index)
        {
            case 0:
                ResetVolumes();
                break;
            case ProVoice:
                SetBoth(VoiceLeft, value);
                break;
            case ProMaster:
                SetBoth(MasterLeft, value);
                break;
            case 0x26:
                SetBoth(0x34, value);
                break;
            case 0x28:
                SetBoth(0x36, value);
                break;
            case 0x2e:
                SetBoth(0x38, value);
                break;
            case ProMicrophone:
                _registers[0x3a] = (byte)((value & 7) << 5);
                break;
            case ProOutput:
                _registers[ProOutput] = (byte)(value & 0x22);
                break;
            case InterruptSelect:
                _registers[InterruptSelect] = (byte)(value & 0x0f);
                break;
            case DmaSelect:
                _registers[DmaSelect] = (byte)(value & 0xeb);
                break;
            case >= FirstOwn and <= LastOwn:
                _registers[_index] = value;
                break;
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("mixer.registers", _registers);
        writer.Write("mixer.index", _index);
    }

    public void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("mixer.registers", _registers);
        _index = reader.ReadByte("mixer.index");
    }

    private static int FirstOf(byte mask, ReadOnlySpan<int> channels)
    {
        foreach (int channel in channels)
        {
            if ((mask & (1 << channel)) != 0)
            {
                return channel;
            }
        }

        return -1;
    }

    private static int[] MakeFactors()
    {
        int[] factors = new int[32];
        for (int i = 0; i < factors.Length; i++)
        {
            factors[i] = (int)Math.Round(65536 * Math.Pow(10, 2.0 * (i - 31) / 20));
        }

        return factors;
    }

    private void ResetVolumes()
    {
        for (int i = 0x30; i <= 0x35; i++)
        {
            _registers[i] = 0xc0;
        }

        for (int i = 0x36; i <= 0x3b; i++)
        {
            _registers[i] = 0;
        }

        _registers[0x3c] = 0x1f;
        _registers[0x3d] = 0x15;
        _registers[0x3e] = 0x0b;
        for (int i = 0x3f; i <= 0x43; i++)
        {
            _registers[i] = 0;
        }

        for (int i = 0x44; i <= 0x47; i++)
        {
            _registers[i] = 0x80;
        }

        _registers[ProOutput] = 0;
    }

    private byte Both(int left) => (byte)((_registers[left] & 0xf0) | (_registers[left + 1] >> 4));

    private void SetBoth(int left, byte value)
    {
        _registers[left] = (byte)((value & 0xf0) | 0x08);
        _registers[left + 1] = (byte)((value << 4) | 0x08);
    }

    private int Gain(int side)
        => (int)(((long)Factors[_registers[MasterLeft + side] >> 3] * Factors[_registers[VoiceLeft + side] >> 3]) >> 16);
}
