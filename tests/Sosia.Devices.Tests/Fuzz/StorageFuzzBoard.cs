using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using Sosia.Core.Snapshots;
using Sosia.Devices.Ahci;
using Sosia.Devices.Block;
using Sosia.Devices.Dma8237;
using Sosia.Devices.Floppy;
using Sosia.Devices.Ide;
using Sosia.Devices.Nvme;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Block;
using Sosia.Devices.Tests.Support;
using Sosia.Images;

namespace Sosia.Devices.Tests.Fuzz;

/// <summary>A board with every storage controller, whose guest does what a random generator says; hints of how drivers behave lead it deep.</summary>
internal sealed class StorageFuzzBoard : IDisposable
{
    private const ulong AhciBase = 0xe000_0000;
    private const ulong NvmeBase = 0xe001_0000;
    private const ulong MsixBase = 0xe002_0000;
    private const int BusMaster = 0xc000;
    private const int DiskByteCount = 512 * 1024;

    // Where drivers keep their structures; pages of this many bytes.
    private const int StructurePages = 16;

    private static readonly byte[] AtaCommands =
    [
        0x00, 0x06, 0x08, 0x10, 0x20, 0x24, 0x25, 0x27, 0x29, 0x2f, 0x30, 0x34, 0x35, 0x37, 0x39, 0x3d, 0x40, 0x42, 0x47, 0x60, 0x61, 0x70, 0x90, 0x91,
        0xa0, 0xa0, 0xa0, 0xa1, 0xb0, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xce, 0xe0, 0xe4, 0xe5, 0xe7, 0xe8, 0xea, 0xec, 0xef, 0xf8, 0xf9,
    ];

    private static readonly byte[] Packets =
    [
        0x00, 0x03, 0x12, 0x15, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2b, 0x42, 0x43, 0x46, 0x4a, 0x51, 0x52, 0x55, 0x5a, 0xa8, 0xad, 0xb9, 0xbd, 0xbe,
    ];

    private static readonly byte[] FloppyCommands =
    [
        0x03, 0x04, 0x07, 0x08, 0x0e, 0x0f, 0x10, 0x12, 0x13, 0x14, 0x94, 0x42, 0x45, 0x46, 0xc5, 0xc6, 0xe6, 0x49, 0x4a, 0x4c, 0x4d, 0x51, 0x56, 0x59, 0x5d, 0x8f, 0xcf,
    ];

    private readonly TestBoard _board = new();
    private readonly PciBus _pci;
    private readonly List<ISnapshotable> _devices = [];
    private readonly RemovableDrive[] _removable;
    private readonly MemoryBackend[] _media;
    private readonly Action[] _resets;

    public StorageFuzzBoard(MemoryBackend[]? media = null)
    {
        _media = media ?? [Medium(DiskByteCount), Medium(DiskByteCount), Medium(DiskByteCount), Medium(DiskByteCount), Medium(1474560), Medium(DiskByteCount), Medium(DiskByteCount)];
        _board.Memory.MapRam(0, 0, _board.Ram.ByteCount);
        _pci = new PciBus(_board.Memory, _board.Ports, null, _board.Log);
        _pci.Map();
        var ide = new PiixIdeFunction(_board.Clock, _board.Memory, _board.Ports, [_board.Line(14), _board.Line(15)], _board.Log);
        var dma = new DmaControllers(_board.Memory, _board.Log);
        dma.Map(_board.Ports);
        var floppy = new FloppyController(_board.Clock, dma, _board.Line(6), _board.Log);
        floppy.Map(_board.Ports);
        var ahci = new AhciController("ahci0", _board.Clock, _board.Memory, _board.Log);
        var nvme = new NvmeController("nvme0", _board.Clock, _board.Memory, Drive(3), "N", _board.Log);
        _removable = [Removable(1), Removable(4), Removable(5)];
        ide.AttachDisk(0, 0, Drive(0), "A");
        ide.AttachCdRom(0, 1, _removable[0], "B");
        floppy.Attach(0, _removable[1]);
        ahci.AttachDisk(0, Drive(2), "C");
        ahci.AttachCdRom(1, _removable[2], "D");
        _pci.Add(ide, 1, 1);
        _pci.Add(ahci, 2);
        _pci.Add(nvme, 3);
        _devices.AddRange([_pci, ide, dma, floppy, ahci, nvme]);
        _resets = [_pci.Reset, dma.Reset, floppy.Reset];
        foreach (Action reset in _resets)
        {
            reset();
        }

        if (media is null)
        {
            Configure();
        }
    }

    /// <summary>A digest of everything that was read so far.</summary>
    public ulong Digest { get; private set; } = 14695981039346656037;

    public void Dispose() => _board.Dispose();

    /// <summary>Continues this board's life in another one with the same media.</summary>
    public StorageFuzzBoard CopyIntoFreshBoard()
    {
        var copy = new StorageFuzzBoard(_media);
        for (int i = 0; i < _removable.Length; i++)
        {
            if (!_removable[i].HasMedium)
            {
                copy._removable[i].Eject(force: true);
            }
        }

        copy._board.Clock.Restore(_board.Clock.NowNanoseconds);
        byte[] memory = new byte[_board.Ram.ByteCount];
        _board.Ram.Read(0, memory);
        copy._board.Ram.Write(0, memory);
        for (int i = 0; i < _devices.Count; i++)
        {
            TestBoard.Transfer(_devices[i], copy._devices[i]);
        }

        // The interrupt controller's state, which it would carry itself.
        foreach (int input in (ReadOnlySpan<int>)[6, 14, 15])
        {
            copy._board.Irqs.SetIrq(input, _board.Irqs[input]);
        }

        copy.Digest = Digest;
        return copy;
    }

    /// <summary>Takes memory and media into the digest.</summary>
    public void Finish()
    {
        byte[] memory = new byte[_board.Ram.ByteCount];
        _board.Ram.Read(0, memory);
        Observe(BitConverter.ToUInt64(SHA256.HashData(memory)));
        foreach (MemoryBackend medium in _media)
        {
            Observe(BitConverter.ToUInt64(SHA256.HashData(medium.Bytes)));
        }
    }

    public void Step(Random random)
    {
        // An instruction takes time: timers that are armed by different ones are not due at the same time.
        _board.Clock.AdvanceTo(_board.Clock.NowNanoseconds + 8);
        switch (random.Next(24))
        {
            case < 5:
                Ide(random);
                break;
            case < 8:
                Floppy(random);
                break;
            case < 13:
                Ahci(random);
                break;
            case < 18:
                Nvme(random);
                break;
            case < 21:
                WriteStructure(random);
                break;
            case 21:
                _board.Clock.AdvanceTo(_board.Clock.NowNanoseconds + random.NextInt64(random.Next(4) == 0 ? 50_000_000 : 10_000));
                break;
            case 22:
                Host(random);
                break;
            default:
                Anything(random);
                break;
        }

        _board.Clock.RunExpired();
        Observe((_board.Irqs[14] ? 1u : 0) | (_board.Irqs[6] ? 2u : 0));
    }

    private static MemoryBackend Medium(int byteCount)
    {
        var medium = new MemoryBackend(byteCount) { IsSilent = true };
        new Random(byteCount).NextBytes(medium.Bytes);
        return medium;
    }

    private BlockDrive Drive(int index) => new($"drive{index}", _media[index], BlockErrorPolicy.Default);

    private RemovableDrive Removable(int index) => new($"drive{index}", _media[index], BlockErrorPolicy.Default);

    private void Configure()
    {
        ((PiixIdeFunction)_devices[1]).EnableChannels();
        ((DmaControllers)_devices[2]).EnableCascade();
        SetPci(0x0920, BusMaster | 1);
        SetPci(0x1024, (uint)AhciBase);
        SetPci(0x1004, 7);
        SetPci(0x1810, (uint)NvmeBase);
        SetPci(0x1820, (uint)MsixBase);
        SetPci(0x1804, 7);
    }

    private void SetPci(uint place, uint value)
    {
        _board.Ports.Write(0xcf8, 4, 0x8000_0000 | place);
        _board.Ports.Write(0xcfc, 4, value);
    }

    private void Observe(ulong value) => Digest = (Digest ^ value) * 1099511628211;

    private void Ide(Random random)
    {
        switch (random.Next(10))
        {
            case 0:
                _board.Out(0x1f7, AtaCommands[random.Next(AtaCommands.Length)]);
                break;
            case 1:
                _board.Out(0x1f1 + random.Next(6), random.Next(256));
                break;
            case 2:
                // An address within the disk.
                _board.Out(0x1f6, 0xe0 | (random.Next(2) << 4));
                _board.Out(0x1f2, random.Next(9));
                _board.Out(0x1f3, random.Next(256));
                _board.Out(0x1f4, random.Next(3));
                _board.Out(0x1f5, 0);
                _board.Out(0x1f1, random.Next(4));
                break;
            case 3:
                _board.Ports.Write(BusMaster + 4, 4, (uint)random.Next(StructurePages) << 12);
                _board.Out(BusMaster, 9 * random.Next(2));
                break;
            case 4:
                _board.Out(BusMaster, random.Next(16));
                break;
            case 5:
                _board.Out(0x3f6, random.Next(20) == 0 ? 4 : random.Next(2) * 2);
                break;
            case < 8:
                int words = random.Next(400);
                for (int i = 0; i < words; i++)
                {
                    Observe(_board.Ports.Read(0x1f0, 2));
                }

                break;
            case 8:
                Packet(random, value => _board.Ports.Write(0x1f0, 2, value));
                break;
            default:
                Observe(_board.Ports.Read((ushort)(0x1f0 + random.Next(8)), 1 << random.Next(3)));
                Observe(_board.Ports.Read((ushort)(BusMaster + random.Next(8)), 1));
                break;
        }
    }

    private static void Packet(Random random, Action<uint> write)
    {
        byte[] packet = new byte[12];
        packet[0] = Packets[random.Next(Packets.Length)];
        for (int i = 1; i < 12; i++)
        {
            packet[i] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(3));
        }

        for (int i = 0; i < 12; i += 2)
        {
            write((uint)(packet[i] | (packet[i + 1] << 8)));
        }
    }

    private void Floppy(Random random)
    {
        switch (random.Next(8))
        {
            case 0:
                _board.Out(0x3f2, random.Next(4) == 0 ? random.Next(256) : 0x1c);
                break;
            case 1:
                _board.Out(0x3f7, random.Next(4) == 0 ? random.Next(4) : 0);
                break;
            case 2:
                _board.Out(0x0a, 6);
                _board.Out(0x0b, 0x42 | (random.Next(3) << 2));
                _board.Out(0x0c, 0);
                _board.Out(0x05, random.Next(256));
                _board.Out(0x05, random.Next(8));
                _board.Out(0x81, random.Next(0x40));
                _board.Out(0x0a, 2);
                break;
            case 3:
                _board.Out(0x3f5, FloppyCommands[random.Next(FloppyCommands.Length)]);
                break;
            case < 6:
                for (int i = 0; i < 8; i++)
                {
                    _board.Out(0x3f5, random.Next(3) == 0 ? random.Next(256) : random.Next(4));
                }

                break;
            default:
                for (int i = 0; i < random.Next(600); i++)
                {
                    Observe(_board.In(0x3f5));
                }

                Observe(_board.In(0x3f4));
                Observe(_board.In(0x3f7));
                break;
        }
    }

    private void Ahci(Random random)
    {
        ulong port = AhciBase + 0x100 + (0x80 * (ulong)random.Next(3));
        switch (random.Next(8))
        {
            case 0:
                _board.Memory.Write(port, 4, (uint)random.Next(StructurePages) << 12);
                _board.Memory.Write(port + 8, 4, (uint)random.Next(StructurePages) << 12);
                _board.Memory.Write(port + 0x18, 4, 0x13);
                break;
            case 1:
                _board.Memory.Write(port + 0x38, 4, 1u << random.Next(8));
                break;
            case 2:
                _board.Memory.Write(port + 0x34, 4, 0xff);
                _board.Memory.Write(port + 0x38, 4, 0xff);
                break;
            case 3:
                Command(random);
                break;
            case 4:
                _board.Memory.Write(port + 0x18, 4, 0x12);
                break;
            case 5:
                _board.Memory.Write(AhciBase + (ulong)random.Next(0x400), 1 << random.Next(4), (ulong)random.NextInt64());
                break;
            case 6:
                _board.Memory.Write(AhciBase + 4, 4, random.Next(10) == 0 ? 0x8000_0003 : 0x8000_0002);
                break;
            default:
                Observe(_board.Memory.Read(AhciBase + (ulong)random.Next(0x400), 1 << random.Next(4)));
                break;
        }
    }

    // A command list entry and its table.
    private void Command(Random random)
    {
        ulong list = (ulong)random.Next(StructurePages) << 12;
        ulong table = ((ulong)random.Next(StructurePages) << 12) + 0x400;
        int slot = random.Next(8);
        _board.Memory.Write(list + (ulong)(slot * 32), 4, 5 | (random.Next(2) == 0 ? 0x20u : 0) | ((uint)random.Next(5) << 16));
        _board.Memory.Write(list + (ulong)(slot * 32) + 8, 8, table);
        _board.Memory.Write(table, 4, 0x8027u | ((uint)AtaCommands[random.Next(AtaCommands.Length)] << 16) | ((uint)random.Next(3) << 24));
        _board.Memory.Write(table + 4, 4, 0x4000_0000u | (uint)random.Next(0x400));
        _board.Memory.Write(table + 8, 8, 0);
        _board.Memory.Write(table + 12, 4, (uint)random.Next(16));
        ulong at = table + 0x40;
        Packet(random, value =>
        {
            _board.Memory.Write(at, 2, value);
            at += 2;
        });
        for (int i = 0; i < 4; i++)
        {
            _board.Memory.Write(table + 0x80 + (ulong)(16 * i), 8, (ulong)random.Next(0x48_0000));
            _board.Memory.Write(table + 0x8c + (ulong)(16 * i), 4, (uint)random.Next(0x2000));
        }
    }

    private void Nvme(Random random)
    {
        switch (random.Next(8))
        {
            case 0:
                _board.Memory.Write(NvmeBase + 0x24, 4, 0x000f_000f);
                _board.Memory.Write(NvmeBase + 0x28, 8, (ulong)random.Next(StructurePages) << 12);
                _board.Memory.Write(NvmeBase + 0x30, 8, (ulong)random.Next(StructurePages) << 12);
                _board.Memory.Write(NvmeBase + 0x14, 4, random.Next(5) == 0 ? 0 : 0x0046_0001u);
                break;
            case 1 or 2:
                _board.Memory.Write(NvmeBase + 0x1000 + (8 * (ulong)random.Next(4)), 4, (uint)random.Next(17));
                break;
            case 3:
                _board.Memory.Write(NvmeBase + 0x1004 + (8 * (ulong)random.Next(4)), 4, (uint)random.Next(17));
                break;
            case 4 or 5:
                ulong at = ((ulong)random.Next(StructurePages) << 12) + (64 * (ulong)random.Next(16));
                _board.Memory.Write(at, 4, (uint)(random.Next(14) | (random.Next(0x10000) << 16)));
                _board.Memory.Write(at + 4, 4, random.Next(8) == 0 ? uint.MaxValue : 1);
                _board.Memory.Write(at + 24, 8, (ulong)random.Next(0x48_0000) & ~3UL);
                _board.Memory.Write(at + 32, 8, (ulong)random.Next(0x40) << 12);
                _board.Memory.Write(at + 40, 4, random.Next(2) == 0 ? (uint)random.Next(4) | (15u << 16) : (uint)random.Next(1024));
                _board.Memory.Write(at + 44, 4, random.Next(2) == 0 ? 0 : 3 | ((uint)random.Next(4) << 16));
                _board.Memory.Write(at + 48, 4, (uint)random.Next(64));
                break;
            case 6:
                _board.Memory.Write(NvmeBase + (ulong)random.Next(0x1100), 4 << random.Next(2), (ulong)random.NextInt64());
                break;
            default:
                Observe(_board.Memory.Read(NvmeBase + (ulong)random.Next(0x1100), 1 << random.Next(4)));
                break;
        }
    }

    // What a table of any controller might hold.
    private void WriteStructure(Random random)
    {
        ulong at = ((ulong)random.Next(StructurePages) << 12) + (8 * (ulong)random.Next(16));
        ulong value = random.Next(3) switch
        {
            0 => (uint)random.Next(0x48_0000) | ((ulong)((uint)random.Next(0x4000) | (random.Next(3) == 0 ? 0x8000_0000u : 0)) << 32),
            1 => (ulong)random.Next(StructurePages) << 12,
            _ => (ulong)random.NextInt64(),
        };
        _board.Memory.Write(at, 8, value);
    }

    private void Host(Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                _media[random.Next(_media.Length)].NextResult = random.Next(2) == 0 ? BlockResult.NoSpace : BlockResult.HostError;
                break;
            case 1:
                int index = random.Next(_removable.Length);
                if (_removable[index].HasMedium)
                {
                    _removable[index].Eject(force: true);
                }
                else
                {
                    _removable[index].Insert(_media[index == 0 ? 1 : index + 3]);
                }

                break;
            default:
                foreach (MemoryBackend medium in _media)
                {
                    medium.NextResult = BlockResult.Ok;
                }

                break;
        }
    }

    private void Anything(Random random)
    {
        switch (random.Next(4))
        {
            case 0 when random.Next(100) == 0:
                _resets[random.Next(_resets.Length)]();
                Configure();
                break;
            case 1:
                SetPci((uint)((random.Next(2) == 0 ? 0x0900 : random.Next(2) == 0 ? 0x1000 : 0x1800) | (random.Next(64) * 4)), (uint)random.NextInt64(1L << 32));
                Configure();
                break;
            case 2:
                _board.Ports.Write((ushort)(0x170 + random.Next(8)), 1 << random.Next(3), (uint)random.Next());
                Observe(_board.Ports.Read((ushort)(0x170 + random.Next(8)), 1));
                break;
            default:
                _board.Memory.Write(MsixBase + (ulong)random.Next(0x120), 4, (uint)random.Next());
                break;
        }
    }
}
