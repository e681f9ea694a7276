using System;
using System.Buffers.Binary;
using Sosia.Images;

namespace Sosia.Devices.Ata;

/// <content>What the disk says of itself: IDENTIFY DEVICE, SMART and logs.</content>
internal sealed partial class AtaDisk
{
    private const string Model = "SOSIA HARDDISK";
    private const string Firmware = "1.0";

    private const byte SmartReadData = 0xd0;
    private const byte SmartReadThresholds = 0xd1;
    private const byte SmartAutosave = 0xd2;
    private const byte SmartSaveAttributes = 0xd3;
    private const byte SmartExecuteOffline = 0xd4;
    private const byte SmartReadLog = 0xd5;
    private const byte SmartEnable = 0xd8;
    private const byte SmartDisable = 0xd9;
    private const byte SmartReturnStatus = 0xda;

    /// <summary>The error of the last queued command, for log 10h (SATA 2.6, 13.7.4); its first byte is the tag, or 80h for none.</summary>
    public byte[] QueuedErrorLog { get; } = new byte[SectorByteCount];

    // ATA/ATAPI-6, 8.15; words 4, 5, 20, 21 and 22 after ATA-1, 9.9; words 106, 169 and 217 after ATA8-ACS-2.
    private void Identify()
    {
        Array.Clear(Buffer, 0, SectorByteCount);
        ulong sectors28 = Math.Min(_sectorCount, MaxSectors28);
        int currentCylinders = (int)Math.Min(_sectorCount / (ulong)(_heads * _sectorsPerTrack), 65535);
        int currentSectors = currentCylinders * _heads * _sectorsPerTrack;
        SetWord(0, 0x0040);
        SetWord(1, Cylinders);
        SetWord(3, Heads);
        SetWord(4, SectorsPerTrack * SectorByteCount);
        SetWord(5, SectorByteCount); // retired since ATA-3, but Bochs's BIOS goes by it
        SetWord(6, SectorsPerTrack);
        SetText(10, 20, _serial);
        SetWord(20, 3);             // a buffer for both directions at once, with read-ahead
        SetWord(21, 512);           // of 256 KiB
        SetWord(22, 4);             // bytes of error correction in READ LONG
        SetText(23, 8, Firmware);
        SetText(27, 40, Model);
        SetWord(47, 0x8000 | MaxMultiple);
        SetWord(48, 1);             // 32-bit accesses to the Data register
        SetWord(49, 0x0f00);        // DMA, LBA, IORDY
        SetWord(50, 0x4000);
        SetWord(51, 0x0200);
        SetWord(53, 7);             // words 54 to 58, 64 to 70 and 88 are valid
        SetWord(54, currentCylinders);
        SetWord(55, _heads);
        SetWord(56, _sectorsPerTrack);
        SetWord(57, currentSectors);
        SetWord(58, currentSectors >> 16);
        SetWord(59, _multiple == 0 ? 0 : 0x100 | _multiple);
        SetWord(60, (int)sectors28);
        SetWord(61, (int)(sectors28 >> 16));
        SetWord(63, 7 | SelectedMode(0x20));
        SetWord(64, 3);             // PIO modes 3 and 4
        SetWord(65, 120);
        SetWord(66, 120);
        SetWord(67, 120);
        SetWord(68, 120);
        SetWord(69, 0x4020);        // trimmed sectors read the same each time, and as zeros
        if (_isSerial)
        {
            SetWord(75, 31);        // queue depth 32
            SetWord(76, 0x0106);    // queued commands, generations 1 and 2
        }
        else
        {
            SetWord(93, 0x6001);    // a cable of 80 wires
        }

        SetWord(80, 0x01f0);        // ATA/ATAPI-4 to -8
        SetWord(82, 0x7469);    // NOP, buffers, HPA, look-ahead, write cache, power management, SMART
        SetWord(83, 0x7400);        // FLUSH CACHE and EXT, 48-bit addresses
        SetWord(84, 0x4040);        // FUA
        SetWord(85, 0x7408 | (_isSmartEnabled ? 1 : 0) | (_writeCache ? 0x20 : 0) | (_readLookAhead ? 0x40 : 0));
        SetWord(86, 0x3400);
        SetWord(87, 0x4040);
        SetWord(88, 0x3f | SelectedMode(0x40));
        BinaryPrimitives.WriteUInt64LittleEndian(Buffer.AsSpan(200), _sectorCount);
        SetWord(105, MaxTrimBlocks);
        SetWord(106, 0x6003);       // 8 logical sectors per physical one
        SetWord(169, 1);            // TRIM
        SetWord(217, 1);            // does not rotate
        SetIntegrityWord();
    }

    // The bit of the selected mode in the upper byte of words 63 and 88.
    private int SelectedMode(byte group) => (_transferMode & 0xf8) == group ? 0x100 << (_transferMode & 7) : 0;

    // ATA/ATAPI-6, 8.41.
    private BlockResult Smart()
    {
        byte feature = (byte)Registers.Features;
        bool hasKey = (Registers.LbaMid & 0xff) == 0x4f && (Registers.LbaHigh & 0xff) == 0xc2;
        if (!hasKey || (!_isSmartEnabled && feature != SmartEnable))
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        switch (feature)
        {
            case SmartReadData:
                WriteSmartData();
                SendBuffer(AtaProtocol.PioIn, SectorByteCount);
                return BlockResult.Ok;
            case SmartReadThresholds:
                Array.Clear(Buffer, 0, SectorByteCount);
                Buffer[0] = 1;
                WriteChecksum();
                SendBuffer(AtaProtocol.PioIn, SectorByteCount);
                return BlockResult.Ok;
            case SmartReadLog:
                return SmartLog();
            case SmartAutosave:
                _isSmartAutosaved = (Registers.Count & 0xff) != 0;
                break;
            case SmartSaveAttributes or SmartExecuteOffline or SmartReturnStatus:
                // Nothing to save, every test passes at once, and the disk is well: the registers stay as they are.
                break;
            case SmartEnable:
                _isSmartEnabled = true;
                break;
            case SmartDisable:
                _isSmartEnabled = false;
                break;
            default:
                Fail(AtaError.Aborted);
                return BlockResult.Ok;
        }

        Succeed();
        return BlockResult.Ok;
    }

    private void WriteSmartData()
    {
        Array.Clear(Buffer, 0, SectorByteCount);
        Buffer[0] = 1;
        Buffer[362] = _isSmartAutosaved ? (byte)0x80 : (byte)0;
        Buffer[367] = 0x01;         // off-line tests by command
        Buffer[368] = 0x03;         // saves attributes
        Buffer[370] = 0x01;         // logs errors
        Buffer[372] = 1;
        Buffer[373] = 1;
        WriteChecksum();
    }

    private BlockResult SmartLog()
    {
        Array.Clear(Buffer, 0, SectorByteCount);
        switch (Registers.LbaLow & 0xff)
        {
            case 0x00 or 0x01 or 0x06:
                // The directory of logs with one sector each; no errors; no self-tests.
                Buffer[0] = 1;
                WriteChecksum();
                SendBuffer(AtaProtocol.PioIn, SectorByteCount);
                break;
            default:
                Fail(AtaError.IdNotFound);
                break;
        }

        return BlockResult.Ok;
    }

    // READ LOG EXT: the directory and the error log of queued commands.
    private BlockResult ReadLog(bool isDma)
    {
        int address = Registers.LbaLow & 0xff;
        if (Registers.Count != 1 || address is not (0x00 or 0x10))
        {
            Fail(AtaError.Aborted);
            return BlockResult.Ok;
        }

        Array.Clear(Buffer, 0, SectorByteCount);
        if (address == 0)
        {
            SetWord(0, 1);
            SetWord(0x10, 1);
        }
        else
        {
            QueuedErrorLog.CopyTo(Buffer, 0);
            WriteChecksum();
        }

        SendBuffer(isDma ? AtaProtocol.DmaIn : AtaProtocol.PioIn, SectorByteCount);
        return BlockResult.Ok;
    }

    private void WriteChecksum()
    {
        int sum = 0;
        for (int i = 0; i < SectorByteCount - 1; i++)
        {
            sum += Buffer[i];
        }

        Buffer[SectorByteCount - 1] = (byte)-sum;
    }
}
