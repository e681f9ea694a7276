using System;
using Sosia.Core.Snapshots;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.E1000;

/// <summary>The 82540EM's serial EEPROM: 64 words, read bit by bit through register EECD (Microwire, as a 93C46) or a word at once through EERD.</summary>
internal sealed class E1000Eeprom
{
    private const int WordCount = 64;
    private const int ChecksumWord = 0x3f;
    private const ushort ChecksumTotal = 0xbaba;

    private const uint Clock = 1 << 0;
    private const uint Select = 1 << 1;
    private const uint DataIn = 1 << 2;
    private const uint DataOut = 1 << 3;
    private const uint Request = 1 << 6;
    private const uint Grant = 1 << 7;
    private const uint Present = 1 << 8;

    private const int CommandBitCount = 9;
    private const int ReadCommand = 6;

    private readonly ushort[] _words = new ushort[WordCount];
    private uint _lines;
    private int _bitCount;
    private int _shift;
    private int _reading = -1;

    public E1000Eeprom(MacAddress mac, ushort vendor, ushort device)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.ByteCount];
        mac.Write(bytes);
        for (int i = 0; i < 3; i++)
        {
            _words[i] = (ushort)(bytes[2 * i] | (bytes[(2 * i) + 1] << 8));
        }

        // Words 8 and 9: no part number. Word 0Ah: the signature 01 in the upper bits says that the rest is valid.
        _words[0x08] = _words[0x09] = 0xffff;
        _words[0x0a] = 0x4408;
        _words[0x0b] = device;
        _words[0x0c] = vendor;
        _words[0x0d] = device;
        _words[0x0e] = vendor;
        ushort sum = 0;
        for (int i = 0; i < ChecksumWord; i++)
        {
            sum += _words[i];
        }

        _words[ChecksumWord] = (ushort)(ChecksumTotal - sum);
    }

    public ushort this[int index] => index < WordCount ? _words[index] : (ushort)0xffff;

    public void Reset()
    {
        _lines = 0;
        _bitCount = 0;
        _shift = 0;
        _reading = -1;
    }

    public uint ReadControl()
    {
        bool output = _reading < 0 || OutputBit();
        return _lines | Present | (output ? DataOut : 0) | ((_lines & Request) != 0 ? Grant : 0);
    }

    public void WriteControl(uint value)
    {
        uint before = _lines;
        _lines = value & (Clock | Select | DataIn | Request);
        if ((_lines & Select) == 0)
        {
            _bitCount = 0;
            _shift = 0;
            _reading = -1;
            return;
        }

        if ((_lines & ~before & Clock) == 0)
        {
            return;
        }

        if (_reading >= 0)
        {
            _bitCount++;
            return;
        }

        // A start bit, two bits of operation and six of address; zeros before the start bit are nothing.
        int bit = (_lines & DataIn) != 0 ? 1 : 0;
        if (_bitCount == 0 && bit == 0)
        {
            return;
        }

        _shift = (_shift << 1) | bit;
        if (++_bitCount == CommandBitCount)
        {
            _bitCount = 0;
            if (_shift >> 6 == ReadCommand)
            {
                _reading = _shift & (WordCount - 1);
            }

            _shift = 0;
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("eeprom.lines", _lines);
        writer.Write("eeprom.bitCount", _bitCount);
        writer.Write("eeprom.shift", _shift);
        writer.Write("eeprom.reading", _reading);
    }

    public void Restore(SnapshotReader reader)
    {
        _lines = reader.ReadUInt32("eeprom.lines");
        _bitCount = reader.ReadInt32("eeprom.bitCount");
        _shift = reader.ReadInt32("eeprom.shift");
        _reading = reader.ReadInt32("eeprom.reading");
    }

    // After the command comes a zero, then the word's bits, the highest first; further words follow.
    private bool OutputBit()
    {
        if (_bitCount == 0)
        {
            return false;
        }

        int bit = _bitCount - 1;
        return ((_words[(_reading + (bit / 16)) & (WordCount - 1)] >> (15 - (bit % 16))) & 1) != 0;
    }
}
