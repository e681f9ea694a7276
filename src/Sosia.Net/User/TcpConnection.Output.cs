using System;
using System.Buffers.Binary;
using Sosia.Net.Frames;

namespace Sosia.Net.User;

/// <content>What the guest is sent.</content>
internal sealed partial class TcpConnection
{
    /// <summary>Sends what the guest's window allows, and what is to be acknowledged.</summary>
    /// <returns>False when there was no room for all of it: to be called again.</returns>
    public bool Output()
    {
        if (State != TcpState.Established)
        {
            return true;
        }

        int most = _guest.TakesOffloads ? MostInOneFrame / _maxSegment * _maxSegment : _maxSegment;
        while (!_finSent)
        {
            int sent = (int)InFlight;
            int waiting = _toGuest.Count - sent;
            int count = (int)Math.Min(Math.Min((long)waiting, (long)_peerWindow - sent), most);
            // A window that is almost closed is not worth a small segment while others are on their way (RFC 9293, section 3.8.6.2.1).
            if (count <= 0 || (count < _maxSegment && count < waiting && sent != 0))
            {
                break;
            }

            if (!SendData(_next, sent, count))
            {
                return false;
            }

            _next += (uint)count;
            ArmIfIdle();
        }

        if (_hostHasEnded && !_finSent && (int)InFlight == _toGuest.Count)
        {
            if (!SendBare(_next, TcpSegment.Fin | TcpSegment.Ack, _expected))
            {
                return false;
            }

            _next++;
            _finSent = true;
            ArmIfIdle();
        }

        if (MustAcknowledge && !Acknowledge())
        {
            return false;
        }

        // Nothing is on its way and the window is closed: the guest may open it without our hearing of it.
        if (InFlight == 0 && _toGuest.Count != 0)
        {
            ArmIfIdle();
        }

        return true;
    }

    private void ArmIfIdle()
    {
        if (Deadline == long.MaxValue)
        {
            Arm(_table.Now + _timeout);
        }
    }

    // A segment with a number that is over makes the guest say what it has and how large its window is.
    private void Probe() => _ = SendBare(_unacknowledged - 1, TcpSegment.Ack, _expected);

    private bool SendData(uint sequence, int offset, int count)
    {
        if (count <= 0)
        {
            return true;
        }

        int byteCount = TcpSegment.HeaderByteCount + count;
        Span<byte> frame = _guest.Begin(Key.Remote, Key.Guest, GuestSide.Tcp, byteCount);
        if (frame.IsEmpty)
        {
            return false;
        }

        Span<byte> tcp = frame[GuestSide.HeaderByteCount..];
        bool isLast = offset + count == _toGuest.Count;
        WriteHeader(tcp, sequence, (byte)(TcpSegment.Ack | (isLast ? TcpSegment.Psh : 0)), _expected);
        _toGuest.CopyTo(offset, tcp[TcpSegment.HeaderByteCount..]);
        Finish(frame, count);
        MustAcknowledge = false;
        return true;
    }

    private bool Acknowledge()
    {
        if (!SendBare(_next, TcpSegment.Ack, _expected))
        {
            return false;
        }

        MustAcknowledge = false;
        return true;
    }

    private bool SendBare(uint sequence, byte flags, uint acknowledgment)
    {
        Span<byte> frame = _guest.Begin(Key.Remote, Key.Guest, GuestSide.Tcp, TcpSegment.HeaderByteCount);
        if (frame.IsEmpty)
        {
            return false;
        }

        WriteHeader(frame[GuestSide.HeaderByteCount..], sequence, flags, acknowledgment);
        Finish(frame, 0);
        return true;
    }

    // SYN, or SYN and ACK: with our largest segment, and our window's scale if the guest has one or is asked first.
    private void SendSyn()
    {
        bool isAnswer = State == TcpState.SynReceived;
        bool scales = !isAnswer || _peerScales;
        int byteCount = TcpSegment.HeaderByteCount + (scales ? 8 : 4);
        Span<byte> frame = _guest.Begin(Key.Remote, Key.Guest, GuestSide.Tcp, byteCount);
        if (frame.IsEmpty)
        {
            return;
        }

        Span<byte> tcp = frame[GuestSide.HeaderByteCount..];
        WriteHeader(tcp, _unacknowledged, (byte)(TcpSegment.Syn | (isAnswer ? TcpSegment.Ack : 0)), isAnswer ? _expected : 0);
        tcp[12] = (byte)(byteCount / 4 << 4);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[20..], 0x0204_0000u | OwnMaxSegment);
        if (scales)
        {
            BinaryPrimitives.WriteUInt32BigEndian(tcp[24..], 0x0103_0300u | OwnScale);
        }

        // The window of a SYN is never scaled.
        uint window = (uint)Math.Min(_bufferLimit, 0xffff);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], (ushort)window);
        _advertised = _expected + window;
        Finish(frame, 0);
    }

    private void WriteHeader(Span<byte> tcp, uint sequence, byte flags, uint acknowledgment)
    {
        BinaryPrimitives.WriteUInt16BigEndian(tcp, Key.RemotePort);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], Key.GuestPort);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], acknowledgment);
        tcp[12] = TcpSegment.HeaderByteCount / 4 << 4;
        tcp[13] = flags;
        int room = _bufferLimit - _toHost.Count;
        uint window = Math.Min(_peerScales ? (uint)room >> OwnScale : (uint)room, 0xffff);
        _advertised = _expected + (_peerScales ? window << OwnScale : window);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], (ushort)window);
        tcp.Slice(16, 4).Clear();
    }

    // The checksum, or what is needed for the guest's machine to do it (or to know that nobody need to).
    private void Finish(Span<byte> frame, int dataByteCount)
    {
        Span<byte> tcp = frame[GuestSide.HeaderByteCount..];
        uint sum = InternetChecksum.PseudoHeader(Key.Remote, Key.Guest, GuestSide.Tcp, tcp.Length);
        if (_guest.TakesOffloads && dataByteCount != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], (ushort)sum);
            _guest.Commit(frame, new FrameOffload(GuestSide.HeaderByteCount, 16, dataByteCount > _maxSegment ? (ushort)_maxSegment : (ushort)0));
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], InternetChecksum.Finish(InternetChecksum.Add(tcp, sum)));
        _guest.Commit(frame);
    }
}
