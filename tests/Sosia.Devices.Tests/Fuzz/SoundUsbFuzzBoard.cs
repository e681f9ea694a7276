using System;
using System.Collections.Generic;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;
using Sosia.Devices.Dma8237;
using Sosia.Devices.I8042;
using Sosia.Devices.Pci;
using Sosia.Devices.Pit8254;
using Sosia.Devices.Sound;
using Sosia.Devices.Sound.Ac97;
using Sosia.Devices.Sound.PcSpeaker;
using Sosia.Devices.Sound.Sb16;
using Sosia.Devices.Tests.Block;
using Sosia.Devices.Tests.Support;
using Sosia.Devices.Usb.Hid;
using Sosia.Devices.Usb.Storage;
using Sosia.Devices.Usb.Uhci;

namespace Sosia.Devices.Tests.Fuzz;

/// <summary>A board with all sound devices and a USB, whose guest does what a random generator says; hints of how drivers behave lead it deep.</summary>
internal sealed class SoundUsbFuzzBoard : IDisposable, ISoundSink
{
    private const int Codec = 0xc000;
    private const int AudioMaster = 0xc400;
    private const int Uhci = 0xc800;
    private const int StructurePages = 8;

    private static readonly byte[] DspCommands =
    [
        0x10, 0x14, 0x1c, 0x20, 0x24, 0x2c, 0x40, 0x41, 0x42, 0x45, 0x48, 0x80, 0x90, 0x91, 0x98, 0xb0, 0xb6, 0xb9, 0xc0, 0xc6, 0xce, 0xd0, 0xd1, 0xd3, 0xd4,
        0xd5, 0xd6, 0xd8, 0xd9, 0xda, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe8, 0xf2, 0xf3,
    ];

    private static readonly ulong[] Setups =
    [
        0x0012_0000_0100_0680, 0x0040_0000_0200_0680, 0x0000_0000_0001_0500, 0x0000_0000_0001_0900, 0x0001_0000_0000_fea1, 0x0000_0000_0000_ff21,
        0x0000_0081_0000_0102, 0x0040_0000_2200_0681, 0x0000_0000_0800_0a21, 0x0001_0000_0200_0921, 0x0002_0081_0000_0082,
    ];

    private static readonly byte[] ScsiCommands = [0x00, 0x03, 0x12, 0x1a, 0x1b, 0x23, 0x25, 0x28, 0x28, 0x2a, 0x2a, 0x2f, 0x35, 0x5a, 0x88, 0x8a, 0x9e, 0xa0, 0xa8];

    private readonly TestBoard _board = new();
    private readonly MemoryBackend _medium;
    private readonly PciBus _pci;
    private readonly UsbKeyboard _keyboard;
    private readonly UsbTablet _tablet;
    private readonly List<ISnapshotable> _devices = [];

    public SoundUsbFuzzBoard(MemoryBackend? medium = null)
    {
        _medium = medium ?? new MemoryBackend(64 * 1024) { IsSilent = true };
        _board.Memory.MapRam(0, 0, _board.Ram.ByteCount);
        _pci = new PciBus(_board.Memory, _board.Ports, null, _board.Log);
        _pci.Map();
        var timer = new IntervalTimer(_board.Clock, _board.Line(0));
        timer.Map(_board.Ports);
        var port = new SystemControlPort(_board.Clock, timer);
        port.Map(_board.Ports);
        var dma = new DmaControllers(_board.Memory, _board.Log);
        dma.Map(_board.Ports);
        var mixer = new SoundMixer(_board.Clock, this);
        var speaker = new SpeakerSound(_board.Clock, timer, port, mixer);
        var audio = new Ac97Controller("ac97", _board.Clock, _board.Memory, mixer);
        var card = new Sb16Card(_board.Clock, dma, _board.Irqs, mixer, _board.Log);
        card.Map(_board.Ports);
        var disks = new UhciController("uhci0", _board.Clock, _board.Memory, _board.Log);
        var hids = new UhciController("uhci1", _board.Clock, _board.Memory, _board.Log);
        _keyboard = new UsbKeyboard("kbd", _board.Clock);
        _tablet = new UsbTablet("tablet", _board.Clock);
        disks.Attach(0, new UsbStorage("disk", new BlockDrive("disk", _medium, BlockErrorPolicy.Default), "0123456789AB", _board.Log));
        disks.Attach(1, _keyboard);
        hids.Attach(0, _tablet);
        _pci.Add(audio, 1);
        _pci.Add(disks, 2);
        _pci.Add(hids, 3);
        _devices.AddRange([_pci, timer, port, dma, mixer, speaker, audio, card, disks, hids]);
        _pci.Reset();
        dma.Reset();
        card.Reset();
        if (medium is null)
        {
            dma.EnableCascade();
            Configure();
        }
    }

    /// <summary>A digest of everything that was read and heard so far.</summary>
    public ulong Digest { get; private set; } = 14695981039346656037;

    public SoundUsbFuzzBoard CopyIntoFreshBoard()
    {
        var copy = new SoundUsbFuzzBoard(_medium);
        copy._board.Clock.Restore(_board.Clock.NowNanoseconds);
        byte[] memory = new byte[_board.Ram.ByteCount];
        _board.Ram.Read(0, memory);
        copy._board.Ram.Write(0, memory);
        for (int i = 0; i < _devices.Count; i++)
        {
            TestBoard.Transfer(_devices[i], copy._devices[i]);
        }

        for (int input = 0; input < 16; input++)
        {
            copy._board.Irqs.SetIrq(input, _board.Irqs[input]);
        }

        copy.Digest = Digest;
        return copy;
    }

    public void Write(long position, ReadOnlySpan<short> samples)
    {
        foreach (short sample in samples)
        {
            Observe((ulong)sample);
        }
    }

    public void Step(Random random)
    {
        _board.Clock.AdvanceTo(_board.Clock.NowNanoseconds + 8);
        switch (random.Next(20))
        {
            case < 3:
                Speaker(random);
                break;
            case < 7:
                Audio(random);
                break;
            case < 11:
                Card(random);
                break;
            case < 17:
                Usb(random);
                break;
            case 17:
                _board.Clock.AdvanceTo(_board.Clock.NowNanoseconds + random.NextInt64(random.Next(8) == 0 ? 20_000_000 : 100_000));
                break;
            case 18:
                _keyboard.Enqueue((Ps2Key)random.Next(0x200), random.Next(2) == 0);
                _tablet.Move(random.Next(), random.Next(), random.Next(-3, 4), (byte)random.Next(256));
                break;
            default:
                _board.Ports.Write(0xcf8, 4, 0x8000_0000u | (uint)(random.Next(1, 4) << 11) | (uint)(random.Next(64) * 4));
                _board.Ports.Write(0xcfc, 4, (uint)random.NextInt64(1L << 32));
                Configure();
                break;
        }

        _board.Clock.RunExpired();
        Observe((_board.Irqs[5] ? 1u : 0) | (_board.Irqs[7] ? 2u : 0));
    }

    public void Finish()
    {
        byte[] memory = new byte[_board.Ram.ByteCount];
        _board.Ram.Read(0, memory);
        foreach (byte value in memory)
        {
            Observe(value);
        }
    }

    public void Dispose() => _board.Dispose();

    private void Observe(ulong value) => Digest = (Digest ^ value) * 1099511628211;

    private void Configure()
    {
        SetPci(0x0810, Codec);
        SetPci(0x0814, AudioMaster);
        SetPci(0x0804, 5);
        SetPci(0x1020, Uhci);
        SetPci(0x1004, 5);
        SetPci(0x1820, Uhci + 0x20);
        SetPci(0x1804, 5);
    }

    private void SetPci(uint place, uint value)
    {
        _board.Ports.Write(0xcf8, 4, 0x8000_0000 | place);
        _board.Ports.Write(0xcfc, 4, value);
    }

    private ulong Page(Random random) => (ulong)random.Next(StructurePages) << 12;

    private void Speaker(Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                _board.Out(0x43, 0x80 | random.Next(64));
                break;
            case 1:
                _board.Out(0x42, random.Next(256));
                break;
            case 2:
                _board.Out(0x61, random.Next(4));
                break;
            default:
                Observe(_board.In(random.Next(2) == 0 ? 0x42 : 0x61));
                break;
        }
    }

    private void Audio(Random random)
    {
        int channel = AudioMaster + (16 * random.Next(3));
        switch (random.Next(8))
        {
            case 0:
                _board.Ports.Write((ushort)channel, 4, (uint)Page(random));
                break;
            case 1:
                _board.Out(channel + 11, random.Next(20) == 0 ? 2 : random.Next(32) & 0x1d);
                break;
            case 2:
                _board.Out(channel + 5, random.Next(32));
                break;
            case 3:
                _board.Ports.Write((ushort)(channel + 6), 2, 0x1c);
                break;
            case 4:
                ulong at = Page(random) + (8 * (ulong)random.Next(32));
                _board.Memory.Write(at, 4, (uint)random.Next(0x48_0000));
                _board.Memory.Write(at + 4, 4, (uint)random.Next(400) | (random.Next(2) == 0 ? 0x8000_0000u : 0));
                break;
            case 5:
                _board.Ports.Write((ushort)(Codec + random.Next(256)), 1 << random.Next(3), (uint)random.Next());
                break;
            case 6:
                _board.Ports.Write((ushort)(AudioMaster + random.Next(64)), 1 << random.Next(3), (uint)random.Next());
                break;
            default:
                Observe(_board.Ports.Read((ushort)(AudioMaster + random.Next(64)), 1 << random.Next(3)));
                Observe(_board.Ports.Read((ushort)(Codec + random.Next(256)), 1 << random.Next(3)));
                break;
        }
    }

    private void Card(Random random)
    {
        switch (random.Next(8))
        {
            case < 2:
                _board.Out(0x22c, DspCommands[random.Next(DspCommands.Length)]);
                break;
            case 2:
                for (int i = 0; i < 3; i++)
                {
                    _board.Out(0x22c, random.Next(3) == 0 ? random.Next(256) : random.Next(4));
                }

                break;
            case 3:
                _board.Out(0x226, 1);
                _board.Out(0x226, 0);
                break;
            case 4:
                _board.Out(0x224, random.Next(3) == 0 ? 0x80 + random.Next(3) : random.Next(256));
                _board.Out(0x225, random.Next(256));
                break;
            case 5:
                _board.Out(0x0a, 1);
                _board.Out(0x0b, 0x41 | (random.Next(16) << 2));
                _board.Out(0x03, random.Next(256));
                _board.Out(0xd4, 1);
                _board.Out(0xd6, 0x41 | (random.Next(16) << 2));
                _board.Out(0xc6, random.Next(256));
                break;
            case 6:
                _board.Out(0x388 + random.Next(4), random.Next(256));
                break;
            default:
                Observe(_board.In(0x220 + random.Next(16)));
                break;
        }
    }

    private void Usb(Random random)
    {
        int controller = Uhci + (random.Next(3) == 0 ? 0x20 : 0);
        switch (random.Next(10))
        {
            case 0:
                _board.Ports.Write((ushort)(controller + 8), 4, (uint)Page(random));
                break;
            case 1:
                _board.Ports.Write((ushort)controller, 2, random.Next(10) == 0 ? (uint)random.Next(256) : 0x81);
                break;
            case 2:
                _board.Ports.Write((ushort)(controller + 0x10 + (2 * random.Next(2))), 2, random.Next(5) == 0 ? 0x200u : 4);
                break;
            case 3:
                _board.Ports.Write((ushort)(controller + 2), 2, 0x3f);
                _board.Ports.Write((ushort)(controller + 4), 2, (uint)random.Next(16));
                break;
            case 4:
                Observe(_board.Ports.Read((ushort)(controller + random.Next(32)), 1 << random.Next(3)));
                break;
            case 5:
                // The frame list and queue heads.
                ulong list = Page(random) + (4 * (ulong)random.Next(1024));
                _board.Memory.Write(list, 4, Page(random) + (32 * (ulong)random.Next(8)) + (ulong)random.Next(3));
                break;
            case 6:
                Setup(random);
                break;
            case 7:
                Wrapper(random);
                break;
            default:
                Transfer(random);
                break;
        }
    }

    private void Setup(Random random) => _board.Memory.Write(0x8000, 8, Setups[random.Next(Setups.Length)]);

    private void Wrapper(Random random)
    {
        _board.Memory.Write(0x9000, 8, 0x4342_5355 | (1UL << 32));
        _board.Memory.Write(0x9008, 4, (uint)random.Next(5) * 512);
        _board.Memory.Write(0x900c, 4, (random.Next(2) == 0 ? 0x80u : 0) | (10u << 16) | ((uint)ScsiCommands[random.Next(ScsiCommands.Length)] << 24));
        _board.Memory.Write(0x9010, 8, (ulong)random.Next(0x90) << 24);
        _board.Memory.Write(0x9016, 2, (ulong)random.Next(4) << 8);
    }

    // A queue of one descriptor, as drivers make them: a setup, a wrapper, data.
    private void Transfer(Random random)
    {
        ulong at = Page(random) + (32 * (ulong)random.Next(8));
        int kind = random.Next(6);
        (uint token, uint endpoint, uint length, uint buffer) = kind switch
        {
            0 => (0x2du, 0u, 8u, 0x8000u),
            1 => (0xe1u, 2u, 31u, 0x9000u),
            2 => (0x69u, 1u, 64u, 0xa000u),
            3 => (0xe1u, 2u, 64u, 0xb000u),
            4 => (0x69u, 0u, (uint)random.Next(65), 0xc000u),
            _ => ((uint)random.Next(256), (uint)random.Next(16), (uint)random.Next(2048), (uint)random.Next(0x48_0000)),
        };
        _board.Memory.Write(at, 4, random.Next(3) == 0 ? 1 : Page(random) + (32 * (ulong)random.Next(8)) + (4 * (ulong)random.Next(2)));
        _board.Memory.Write(at + 4, 4, 0x1880_0000u | ((uint)random.Next(2) << 24) | ((uint)random.Next(2) << 29));
        _board.Memory.Write(at + 8, 4, token | ((uint)random.Next(2) << 8) | (endpoint << 15) | (((length - 1) & 0x7ff) << 21));
        _board.Memory.Write(at + 12, 4, buffer);
    }
}
