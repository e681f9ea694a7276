using System;
using Sosia.Core.Buses;
using Sosia.Core.Time;
using Sosia.Net;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.Ne2000;

/// <summary>
/// What all NE2000 cards have in common: a DP8390 network controller (National Semiconductor DP8390D data sheet; section numbers are its), 16 KiB of memory with a ring of
/// received frames, and a PROM with the Ethernet address. Its registers are 32 ports; how it sits on a bus is the business of the cards. A frame that finds no room in the
/// ring waits on the cable, so there are no overflows. Frames in loopback are not looped: they end in the card.
/// </summary>
internal sealed partial class Ne2000Core : IPortDevice
{
    private const int PromByteCount = 32;
    private const int MemoryStart = 0x4000;
    private const int MemoryEnd = 0x8000;
    private const int PageByteCount = 256;
    private const byte PromSignature = 0x57;

    private const byte CommandStop = 1 << 0;
    private const byte CommandStart = 1 << 1;
    private const byte CommandTransmit = 1 << 2;
    private const byte CommandRemoteRead = 1 << 3;
    private const byte CommandRemoteWrite = 2 << 3;
    private const byte CommandSendPacket = 3 << 3;
    private const byte CommandNoDma = 1 << 5;
    private const byte CommandRemote = 7 << 3;

    private const byte StatusReceived = 1 << 0;
    private const byte StatusTransmitted = 1 << 1;
    private const byte StatusCounter = 1 << 5;
    private const byte StatusRemoteDone = 1 << 6;
    private const byte StatusReset = 1 << 7;

    private const byte DataWord = 1 << 0;
    private const byte DataNormal = 1 << 3;

    private const byte IdLow = 0x50;
    private const byte IdHigh = 0x43;

    private readonly MachineClock _clock;
    private readonly ClockTimer _continuation;
    private readonly Action<bool> _setInterrupt;
    private readonly byte[] _prom = new byte[PromByteCount];
    private readonly byte[] _memory = new byte[MemoryEnd - MemoryStart];
    private readonly byte[] _physicalAddress = new byte[MacAddress.ByteCount];
    private readonly byte[] _multicast = new byte[8];
    private readonly bool _isRealtek;
    private byte _command;
    private byte _interruptStatus;
    private byte _interruptMask;
    private byte _pageStart;
    private byte _pageStop;
    private byte _boundary;
    private byte _current;
    private byte _transmitPage;
    private byte _transmitStatus;
    private byte _receiveStatus;
    private byte _receiveConfiguration;
    private byte _transmitConfiguration;
    private byte _dataConfiguration;
    private byte _missed;
    private ushort _transmitCount;
    private ushort _remoteAddress;
    private ushort _remoteCount;
    private bool _isLinkUp = true;

    /// <summary>Creates the controller in its power-on state.</summary>
    /// <param name="name">The card's name.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="cable">The card's end of its cable.</param>
    /// <param name="mac">Its Ethernet address.</param>
    /// <param name="isRealtek">True to have the registers by which drivers know an RTL8029.</param>
    /// <param name="setInterrupt">Drives the card's interrupt.</param>
    public Ne2000Core(string name, MachineClock clock, CableEnd cable, MacAddress mac, bool isRealtek, Action<bool> setInterrupt)
    {
        Cable = cable;
        _clock = clock;
        _isRealtek = isRealtek;
        _setInterrupt = setInterrupt;
        _continuation = clock.CreateTimer(name, ServiceCable);

        // On a bus of 16 bits each byte of the PROM appears twice; those at 14 and 15 say so.
        Span<byte> prom = stackalloc byte[PromByteCount / 2];
        prom.Clear();
        mac.Write(prom);
        prom[14] = prom[15] = PromSignature;
        for (int i = 0; i < PromByteCount; i++)
        {
            _prom[i] = prom[i / 2];
        }
    }

    public CableEnd Cable { get; }

    /// <summary>Whether frames pass. The controller has no way to tell its driver.</summary>
    public bool IsLinkUp
    {
        get => _isLinkUp;
        set
        {
            _isLinkUp = value;
            GoOnSoon();
        }
    }

    private int Page => _command >> 6;

    /// <summary>The state after power-on or a reset (section 10.1: what is not named there keeps its value, and starts with 0).</summary>
    public void Reset()
    {
        _command = CommandStop | CommandNoDma;
        _interruptStatus = StatusReset;
        _interruptMask = 0;
        _transmitConfiguration = 0;
        _continuation.Cancel();
        UpdateInterrupt();
        _ = Cable.AskForFrame();
    }

    /// <summary>Takes what has arrived, and sends what had no room.</summary>
    public void ServiceCable()
    {
        Transmit();
        Receive();
        UpdateInterrupt();
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount)
    {
        switch (offset)
        {
            case >= Ne2000Register.Reset:
                Reset();
                return 0xff;
            case >= Ne2000Register.Data:
                return ReadData(byteCount);
            default:
                uint value = 0;
                for (int i = 0; i < byteCount && offset + i < Ne2000Register.Data; i++)
                {
                    value |= (uint)ReadRegister(offset + i) << (8 * i);
                }

                return value;
        }
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value)
    {
        switch (offset)
        {
            case >= Ne2000Register.Reset:
                break;
            case >= Ne2000Register.Data:
                WriteData(byteCount, value);
                break;
            default:
                for (int i = 0; i < byteCount && offset + i < Ne2000Register.Data; i++)
                {
                    WriteRegister(offset + i, (byte)(value >> (8 * i)));
                }

                break;
        }
    }

    private byte ReadRegister(int offset) => Page switch
    {
        _ when offset == Ne2000Register.Command => _command,
        0 => ReadPage0(offset),
        1 => offset switch
        {
            < Ne2000Register.Current => _physicalAddress[offset - Ne2000Register.PhysicalAddress],
            Ne2000Register.Current => _current,
            _ => _multicast[offset - Ne2000Register.MulticastAddress],
        },
        2 => offset switch
        {
            Ne2000Register.PageStart => _pageStart,
            Ne2000Register.PageStop => _pageStop,
            Ne2000Register.TransmitPage => _transmitPage,
            Ne2000Register.ReceiveConfiguration => (byte)(_receiveConfiguration | 0xc0),
            Ne2000Register.TransmitConfiguration => (byte)(_transmitConfiguration | 0xe0),
            Ne2000Register.DataConfiguration => (byte)(_dataConfiguration | 0x80),
            Ne2000Register.InterruptMask => (byte)(_interruptMask | 0x80),
            _ => 0xff,
        },
        // Realtek's page: 10BASE-T, full duplex.
        _ => !_isRealtek ? (byte)0xff : offset is 0x05 or 0x06 ? (byte)0x40 : (byte)0,
    };

    private byte ReadPage0(int offset)
    {
        switch (offset)
        {
            case 0x01:
                return (byte)_remoteAddress;
            case 0x02:
                return (byte)(_remoteAddress >> 8);
            case Ne2000Register.Boundary:
                return _boundary;
            case Ne2000Register.TransmitStatus:
                return _transmitStatus;
            case Ne2000Register.InterruptStatus:
                return _interruptStatus;
            case Ne2000Register.RemoteAddressLow:
                return (byte)_remoteAddress;
            case Ne2000Register.RemoteAddressHigh:
                return (byte)(_remoteAddress >> 8);
            case Ne2000Register.RemoteCountLow:
                return _isRealtek ? IdLow : (byte)0xff;
            case Ne2000Register.RemoteCountHigh:
                return _isRealtek ? IdHigh : (byte)0xff;
            case Ne2000Register.ReceiveStatus:
                return _receiveStatus;
            case Ne2000Register.MissedCount:
                // Counters are cleared by reading (section 10.5).
                byte missed = _missed;
                _missed = 0;
                return missed;
            default:
                return 0;
        }
    }

    private void WriteRegister(int offset, byte value)
    {
        if (offset == Ne2000Register.Command)
        {
            WriteCommand(value);
        }
        else if (Page == 0)
        {
            WritePage0(offset, value);
        }
        else if (Page == 1)
        {
            switch (offset)
            {
                case < Ne2000Register.Current:
                    _physicalAddress[offset - Ne2000Register.PhysicalAddress] = value;
                    break;
                case Ne2000Register.Current:
                    _current = value;
                    break;
                default:
                    _multicast[offset - Ne2000Register.MulticastAddress] = value;
                    break;
            }
        }
    }

    private void WritePage0(int offset, byte value)
    {
        switch (offset)
        {
            case Ne2000Register.PageStart:
                _pageStart = value;
                break;
            case Ne2000Register.PageStop:
                _pageStop = value;
                break;
            case Ne2000Register.Boundary:
                _boundary = value;
                // There may be room now for what waits.
                GoOnSoon();
                break;
            case Ne2000Register.TransmitPage:
                _transmitPage = value;
                break;
            case Ne2000Register.TransmitCountLow:
                _transmitCount = (ushort)((_transmitCount & 0xff00) | value);
                break;
            case Ne2000Register.TransmitCountHigh:
                _transmitCount = (ushort)((_transmitCount & 0xff) | (value << 8));
                break;
            case Ne2000Register.InterruptStatus:
                // The reset bit shows a state and is not cleared by writing.
                _interruptStatus &= (byte)~(value & ~StatusReset);
                UpdateInterrupt();
                break;
            case Ne2000Register.RemoteAddressLow:
                _remoteAddress = (ushort)((_remoteAddress & 0xff00) | value);
                break;
            case Ne2000Register.RemoteAddressHigh:
                _remoteAddress = (ushort)((_remoteAddress & 0xff) | (value << 8));
                break;
            case Ne2000Register.RemoteCountLow:
                _remoteCount = (ushort)((_remoteCount & 0xff00) | value);
                break;
            case Ne2000Register.RemoteCountHigh:
                _remoteCount = (ushort)((_remoteCount & 0xff) | (value << 8));
                break;
            case Ne2000Register.ReceiveConfiguration:
                _receiveConfiguration = (byte)(value & 0x3f);
                break;
            case Ne2000Register.TransmitConfiguration:
                _transmitConfiguration = (byte)(value & 0x1f);
                break;
            case Ne2000Register.DataConfiguration:
                _dataConfiguration = (byte)(value & 0x7f);
                break;
            case Ne2000Register.InterruptMask:
                _interruptMask = (byte)(value & 0x7f);
                UpdateInterrupt();
                break;
        }
    }

    private void WriteCommand(byte value)
    {
        // A transmission that was begun goes on, and so does the card: only the stop bit stops it. Drivers that choose a page write neither bit (section 10.3).
        if ((value & (CommandStart | CommandStop)) == 0)
        {
            value |= (byte)(_command & (CommandStart | CommandStop));
        }

        _command = (byte)(value | (_command & CommandTransmit));
        if ((value & CommandStop) != 0)
        {
            _command &= unchecked((byte)~CommandTransmit);
            _interruptStatus |= StatusReset;
            return;
        }

        if ((value & CommandStart) == 0)
        {
            return;
        }

        _interruptStatus &= unchecked((byte)~StatusReset);
        switch (value & CommandRemote)
        {
            case CommandSendPacket:
                // The next frame of the ring, as much as its header says it is (section 10.3).
                _remoteAddress = (ushort)(_boundary * PageByteCount);
                _remoteCount = (ushort)(ReadByte((ushort)(_remoteAddress + 2)) | (ReadByte((ushort)(_remoteAddress + 3)) << 8));
                break;
            case CommandRemoteRead or CommandRemoteWrite when _remoteCount == 0:
                _interruptStatus |= StatusRemoteDone;
                break;
        }

        if ((value & CommandTransmit) != 0)
        {
            Transmit();
        }

        UpdateInterrupt();
        GoOnSoon();
    }

    // In words a byte counts as a word whose upper half nobody looks at.
    private uint ReadData(int byteCount)
    {
        if ((_command & CommandRemote) is not (CommandRemoteRead or CommandSendPacket))
        {
            return uint.MaxValue;
        }

        bool isWord = (_dataConfiguration & DataWord) != 0;
        uint value = 0;
        for (int i = 0; i < byteCount; i += isWord ? 2 : 1)
        {
            value |= (uint)ReadByte(_remoteAddress) << (8 * i);
            if (isWord && i + 1 < byteCount)
            {
                value |= (uint)ReadByte((ushort)(_remoteAddress + 1)) << (8 * (i + 1));
            }

            AdvanceRemote(isWord ? 2 : 1);
        }

        return value;
    }

    private void WriteData(int byteCount, uint value)
    {
        if ((_command & CommandRemote) != CommandRemoteWrite)
        {
            return;
        }

        bool isWord = (_dataConfiguration & DataWord) != 0;
        for (int i = 0; i < byteCount && _remoteCount != 0; i += isWord ? 2 : 1)
        {
            WriteByte(_remoteAddress, (byte)(value >> (8 * i)));
            if (isWord && i + 1 < byteCount)
            {
                WriteByte((ushort)(_remoteAddress + 1), (byte)(value >> (8 * (i + 1))));
            }

            AdvanceRemote(isWord ? 2 : 1);
        }
    }

    private void AdvanceRemote(int byteCount)
    {
        if (_remoteCount == 0)
        {
            return;
        }

        _remoteAddress += (ushort)byteCount;
        if (_remoteAddress == _pageStop * PageByteCount)
        {
            _remoteAddress = (ushort)(_pageStart * PageByteCount);
        }

        _remoteCount = (ushort)Math.Max(0, _remoteCount - byteCount);
        if (_remoteCount == 0)
        {
            _interruptStatus |= StatusRemoteDone;
            UpdateInterrupt();
        }
    }

    private byte ReadByte(ushort address) => address switch
    {
        < PromByteCount => _prom[address],
        >= MemoryStart and < MemoryEnd => _memory[address - MemoryStart],
        _ => 0xff,
    };

    private void WriteByte(ushort address, byte value)
    {
        if (address is >= MemoryStart and < MemoryEnd)
        {
            _memory[address - MemoryStart] = value;
        }
    }

    private void UpdateInterrupt() => _setInterrupt((_interruptStatus & _interruptMask) != 0);

    private void GoOnSoon()
    {
        if (!_continuation.IsArmed)
        {
            _continuation.Arm(_clock.NowNanoseconds + 1);
        }
    }
}
