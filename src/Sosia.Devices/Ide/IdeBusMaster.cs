using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Devices.Block;

namespace Sosia.Devices.Ide;

/// <summary>
/// The bus master registers of one IDE channel (Programming Interface for Bus Master IDE Controller 1.0; 82371SB PIIX3 data sheet, 2.7).
/// </summary>
internal sealed class IdeBusMaster(MemoryBus memory)
{
    private const byte CommandStart = 1 << 0;
    private const byte CommandToMemory = 1 << 3;
    private const byte StatusActive = 1 << 0;
    private const byte StatusError = 1 << 1;
    private const byte StatusInterrupt = 1 << 2;
    private const byte StatusCapable = 0x60;

    // A table may not cross a boundary of 64 KiB.
    private const int EntryByteCount = 8;
    private const int MaxEntries = 65536 / EntryByteCount;

    private byte _command;
    private byte _status;
    private uint _table;

    /// <summary>Called when the host starts a transfer.</summary>
    public Action? Started { get; set; }

    /// <summary>The memory that the descriptor table names, after <see cref="ReadTable"/>.</summary>
    public ScatterList List { get; } = new(memory);

    /// <summary>True while a transfer may go on.</summary>
    public bool IsActive => (_command & CommandStart) != 0 && (_status & StatusActive) != 0;

    /// <summary>True when the host wants the device's data in memory.</summary>
    public bool IsToMemory => (_command & CommandToMemory) != 0;

    public void Reset()
    {
        _command = _status = 0;
        _table = 0;
    }

    /// <summary>The device's interrupt became active.</summary>
    public void NoteInterrupt() => _status |= StatusInterrupt;

    /// <summary>All memory of the table has been used.</summary>
    public void EndOfTable() => _status &= unchecked((byte)~StatusActive);

    /// <summary>The transfer met memory that does not exist.</summary>
    public void Fail() => _status = (byte)((_status & ~StatusActive) | StatusError);

    /// <summary>Reads the physical region descriptors: address, byte count (0: 64 KiB), and in bit 31 of the second half the end of the table.</summary>
    public void ReadTable()
    {
        List.Clear();
        Span<byte> entry = stackalloc byte[EntryByteCount];
        for (uint i = 0; i < MaxEntries; i++)
        {
            // The upper 16 bits of the table's address do not count on.
            uint address = (_table & 0xffff_0000) | ((_table + (i * EntryByteCount)) & 0xfffc);
            if (!memory.ReadBytes(address, entry))
            {
                Fail();
                return;
            }

            uint control = BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]);
            uint byteCount = control & 0xfffe;
            List.Add(BinaryPrimitives.ReadUInt32LittleEndian(entry) & ~1u, byteCount == 0 ? 0x1_0000 : byteCount);
            if ((control & 0x8000_0000) != 0)
            {
                return;
            }
        }
    }

    public byte Read(int offset) => offset switch
    {
        0 => _command,
        2 => _status,
        >= 4 => (byte)(_table >> (8 * (offset - 4))),
        _ => 0,
    };

    public void Write(int offset, byte value)
    {
        switch (offset)
        {
            case 0:
                WriteCommand(value);
                break;
            case 2:
                _status = (byte)((_status & StatusActive) | (value & StatusCapable) | (_status & ~value & (StatusError | StatusInterrupt)));
                break;
            case >= 4:
                int shift = 8 * (offset - 4);
                _table = ((_table & ~(0xffu << shift)) | ((uint)value << shift)) & ~3u;
                break;
        }
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "command", _command);
        writer.Write(prefix + "status", _status);
        writer.Write(prefix + "table", _table);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        _command = reader.ReadByte(prefix + "command");
        _status = reader.ReadByte(prefix + "status");
        _table = reader.ReadUInt32(prefix + "table");
    }

    private void WriteCommand(byte value)
    {
        bool starts = (value & ~_command & CommandStart) != 0;
        _command = (byte)(value & (CommandStart | CommandToMemory));
        if (starts)
        {
            _status |= StatusActive;
            Started?.Invoke();
        }
        else if ((_command & CommandStart) == 0)
        {
            _status &= unchecked((byte)~StatusActive);
        }
    }
}
