using System;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>
/// One TCP connection between a guest and a host socket: a small TCP (RFC 9293) towards the guest, the host's own behind the socket. What the guest sends is
/// acknowledged when the socket, or the buffer before it, has taken it; what the socket gives is kept until the guest has acknowledged it. Segments out of
/// order are sent again by the guest: on a cable that loses nothing there are none.
/// </summary>
internal sealed partial class TcpConnection : PollTarget
{
    private const int OwnMaxSegment = GuestSide.MaxPacketByteCount - GuestSide.IpByteCount - TcpSegment.HeaderByteCount;
    private const int OwnScale = 7;
    private const int MostInOneFrame = 65535 - GuestSide.IpByteCount - TcpSegment.HeaderByteCount - 60;
    private const int MinTimeout = 1000;
    private const int MaxTimeout = 60_000;
    private const int MaxRetries = 12;
    private const int MaxSynRetries = 6;
    private const int HandshakeMilliseconds = 75_000;

    private readonly TcpTable _table;
    private readonly GuestSide _guest;
    private readonly ByteRing _toHost = new();
    private readonly ByteRing _toGuest = new();
    private readonly int _bufferLimit;
    private readonly long _startedAt;
    private uint _unacknowledged;
    private uint _next;
    private uint _expected;
    private uint _advertised;
    private uint _peerWindow;
    private int _peerScale;
    private int _maxSegment = 536;
    private int _timeout = MinTimeout;
    private int _retries;
    private int _duplicates;
    private bool _peerScales;
    private bool _hostHasEnded;
    private bool _guestHasEnded;
    private bool _finSent;
    private bool _finAcknowledged;
    private bool _sendingIsShut;

    public TcpConnection(TcpTable table, GuestSide guest, TcpKey key, uint initialSequence, int bufferLimit, long now)
    {
        _table = table;
        _guest = guest;
        Key = key;
        _unacknowledged = _next = initialSequence;
        _bufferLimit = bufferLimit;
        _startedAt = now;
    }

    public TcpKey Key { get; }

    public TcpState State { get; private set; }

    /// <summary>When the next timer expires; <see cref="long.MaxValue"/> for never.</summary>
    public long Deadline { get; private set; } = long.MaxValue;

    /// <summary>True while it is in the table's list of those that have something to say to the guest.</summary>
    public bool IsListed { get; set; }

    public bool MustAcknowledge { get; set; }

    // What of the sequence space is on its way, a FIN included.
    private uint InFlight => _next - _unacknowledged;

    /// <summary>The guest has asked for a connection, and the socket is being connected.</summary>
    public void BeginConnecting(in TcpSegment syn)
    {
        State = TcpState.Connecting;
        _expected = syn.Sequence + 1;
        TakeOptions(syn);
        Arm(_startedAt + HandshakeMilliseconds);
    }

    /// <summary>The socket is connected, and the guest is asked.</summary>
    public void BeginCall(long now)
    {
        State = TcpState.SynSent;
        SendSyn();
        _next = _unacknowledged + 1;
        Arm(now + _timeout);
    }

    /// <summary>The guest can be reached now.</summary>
    public void NeighbourAppeared()
    {
        if (State == TcpState.SynSent)
        {
            SendSyn();
        }
    }

    /// <inheritdoc/>
    public override void Ready(Readiness readiness)
    {
        switch (State)
        {
            case TcpState.Connecting:
                HostConnected(Socket!.TakeError());
                return;
            case TcpState.Established:
                break;
            default:
                if ((readiness & (Readiness.Error | Readiness.HangUp)) != 0)
                {
                    Abort(tellGuest: true);
                }

                return;
        }

        if ((readiness & Readiness.Error) != 0)
        {
            Abort(tellGuest: true);
            return;
        }

        if ((readiness & (Readiness.Write | Readiness.HangUp)) != 0 && !DrainToHost())
        {
            return;
        }

        if ((readiness & (Readiness.Read | Readiness.HangUp)) != 0 && !ReadFromHost())
        {
            return;
        }

        _table.List(this);
    }

    /// <summary>How the socket's attempt to connect ended.</summary>
    public void HostConnected(int error)
    {
        if (error != 0)
        {
            Abort(tellGuest: true);
            return;
        }

        Socket!.SetNoDelay();
        State = TcpState.SynReceived;
        _timeout = MinTimeout;
        SendSyn();
        _next = _unacknowledged + 1;
        UpdateInterest();
        Arm(_table.Now + _timeout);
    }

    /// <summary>A segment from the guest.</summary>
    public void Receive(in TcpSegment segment)
    {
        switch (State)
        {
            case TcpState.Connecting:
                if (segment.Has(TcpSegment.Rst) && segment.Sequence == _expected)
                {
                    Abort(tellGuest: false);
                }

                return;
            case TcpState.SynSent:
                ReceiveAnswer(segment);
                return;
        }

        if (segment.Has(TcpSegment.Rst))
        {
            // Only one exactly where it is expected counts (RFC 5961, section 3.2).
            if (segment.Sequence == _expected)
            {
                Abort(tellGuest: false);
            }

            return;
        }

        if (segment.Has(TcpSegment.Syn))
        {
            if (State == TcpState.SynReceived && segment.Sequence + 1 == _expected)
            {
                SendSyn();
            }
            else
            {
                Acknowledge();
            }

            return;
        }

        if (!segment.Has(TcpSegment.Ack) || !TakeAcknowledgment(segment))
        {
            return;
        }

        if (segment.SequenceLength != 0 || segment.Sequence + 1 == _expected)
        {
            TakeData(segment);
        }

        if (State != TcpState.Closed)
        {
            _table.List(this);
        }
    }

    /// <summary>Ends at once.</summary>
    /// <param name="tellGuest">True to send the guest a reset.</param>
    public void Abort(bool tellGuest)
    {
        if (State == TcpState.Closed)
        {
            return;
        }

        if (tellGuest)
        {
            bool isAnswer = State == TcpState.Connecting;
            SendBare(isAnswer ? 0 : _next, TcpSegment.Rst | TcpSegment.Ack, _expected);
        }

        Socket?.BreakOffOnClose();
        Close();
    }

    /// <summary>A timer has expired.</summary>
    public void TimePassed(long now)
    {
        Deadline = long.MaxValue;
        if (State == TcpState.Connecting || (State is TcpState.SynReceived or TcpState.SynSent && _retries >= MaxSynRetries))
        {
            Abort(tellGuest: State != TcpState.SynSent);
            return;
        }

        // While the guest's machine has not even taken what was sent (it stands still, perhaps), nothing was lost.
        if (!_table.GuestHasTakenAll)
        {
            Arm(now + _timeout);
            return;
        }

        if (++_retries > MaxRetries)
        {
            Abort(tellGuest: true);
            return;
        }

        _timeout = Math.Min(_timeout * 2, MaxTimeout);
        if (State is TcpState.SynReceived or TcpState.SynSent)
        {
            SendSyn();
        }
        else if (InFlight != 0)
        {
            // From the first byte that was not acknowledged.
            _next = _unacknowledged;
            _finSent = false;
            Output();
            if (InFlight == 0 && (_toGuest.Count != 0 || _hostHasEnded))
            {
                Probe();
            }
        }
        else if (_toGuest.Count != 0)
        {
            Probe();
        }

        if (State != TcpState.Closed)
        {
            Arm(now + _timeout);
        }
    }

    private static bool IsBefore(uint a, uint b) => (int)(a - b) < 0;

    private void Arm(long deadline)
    {
        Deadline = deadline;
        _table.TimerArmed(deadline);
    }

    private void TakeOptions(in TcpSegment syn)
    {
        (int maxSegment, int scale) = syn.ReadOptions();
        _maxSegment = Math.Clamp(maxSegment, 64, OwnMaxSegment);
        _peerScales = scale >= 0;
        _peerScale = Math.Max(scale, 0);
        _peerWindow = syn.Window;
    }

    private void ReceiveAnswer(in TcpSegment segment)
    {
        bool acknowledges = segment.Has(TcpSegment.Ack) && segment.Acknowledgment == _next;
        if (segment.Has(TcpSegment.Rst))
        {
            if (acknowledges)
            {
                Abort(tellGuest: false);
            }

            return;
        }

        if (!segment.Has(TcpSegment.Syn) || !acknowledges)
        {
            return;
        }

        _expected = segment.Sequence + 1;
        TakeOptions(segment);
        _unacknowledged = _next;
        BeEstablished();
        Acknowledge();
    }

    private void BeEstablished()
    {
        State = TcpState.Established;
        _retries = 0;
        _timeout = MinTimeout;
        Deadline = long.MaxValue;
        UpdateInterest();
        _table.List(this);
    }

    // False when the segment is not to be looked at any further.
    private bool TakeAcknowledgment(in TcpSegment segment)
    {
        uint acknowledgment = segment.Acknowledgment;
        if (IsBefore(_next, acknowledgment) && !IsKnownToHaveBeenSent(acknowledgment))
        {
            Acknowledge();
            return false;
        }

        if (State == TcpState.SynReceived)
        {
            if (acknowledgment != _unacknowledged + 1)
            {
                return false;
            }

            _unacknowledged++;
            BeEstablished();
        }

        uint window = (uint)segment.Window << (_peerScales ? _peerScale : 0);
        uint count = acknowledgment - _unacknowledged;
        if ((int)count > 0)
        {
            int data = (int)Math.Min(count, (uint)_toGuest.Count);
            _toGuest.Drop(data);
            _unacknowledged = acknowledgment;
            if (IsBefore(_next, acknowledgment))
            {
                _next = acknowledgment;
            }

            if (count > (uint)data)
            {
                _finSent = true;
                _finAcknowledged = true;
            }

            _duplicates = 0;
            _retries = 0;
            _timeout = MinTimeout;
            if (InFlight == 0)
            {
                Deadline = long.MaxValue;
            }
            else
            {
                Arm(_table.Now + _timeout);
            }

            UpdateInterest();
        }
        else if (count == 0 && InFlight != 0 && segment.SequenceLength == 0 && window == _peerWindow && ++_duplicates == 3)
        {
            SendData(_unacknowledged, 0, (int)Math.Min(Math.Min(InFlight, (uint)_toGuest.Count), (uint)_maxSegment));
        }

        if ((int)count >= 0)
        {
            _peerWindow = window;
            _retries = 0;
        }

        return !CloseIfOver();
    }

    // After a timer has put the next number back, the guest may acknowledge what had been sent before.
    private bool IsKnownToHaveBeenSent(uint acknowledgment)
        => acknowledgment - _unacknowledged <= (uint)_toGuest.Count + (_hostHasEnded ? 1u : 0) && State == TcpState.Established;

    private void TakeData(in TcpSegment segment)
    {
        MustAcknowledge = true;
        uint skip = _expected - segment.Sequence;
        ReadOnlySpan<byte> data = segment.Data;
        if (skip > (uint)data.Length || _guestHasEnded)
        {
            // Out of order, or all of it known.
            return;
        }

        data = data[(int)skip..];
        int taken = data.IsEmpty ? 0 : PassToHost(data);
        if (taken < 0)
        {
            return;
        }

        _expected += (uint)taken;
        if (segment.Has(TcpSegment.Fin) && taken == data.Length)
        {
            _expected++;
            _guestHasEnded = true;
            EndSendingIfDone();
            _ = CloseIfOver();
        }

        UpdateInterest();
    }

    // How many bytes were taken; negative: the connection has broken.
    private int PassToHost(ReadOnlySpan<byte> data)
    {
        int sent = 0;
        if (_toHost.Count == 0)
        {
            sent = Socket!.Send(data);
            if (sent < 0 && sent != -HostError.WouldBlock)
            {
                Abort(tellGuest: true);
                return -1;
            }

            sent = Math.Max(0, sent);
        }

        if (sent < data.Length)
        {
            int kept = Math.Min(_toHost.MakeRoom(data.Length - sent, _bufferLimit), data.Length - sent);
            _toHost.Add(data.Slice(sent, kept));
            sent += kept;
        }

        return sent;
    }

    // False when the connection has broken.
    private bool DrainToHost()
    {
        while (_toHost.Count != 0)
        {
            int sent = Socket!.Send(_toHost.FirstPiece());
            if (sent < 0)
            {
                if (sent == -HostError.WouldBlock)
                {
                    break;
                }

                Abort(tellGuest: true);
                return false;
            }

            _toHost.Drop(sent);
        }

        if (_toHost.Count == 0)
        {
            _toHost.Free();
        }

        EndSendingIfDone();
        // The guest is told of the room when it is worth it.
        if (_advertised - _expected < (uint)_bufferLimit / 2 && _toHost.Count < _bufferLimit / 2)
        {
            MustAcknowledge = true;
        }

        UpdateInterest();
        return !CloseIfOver();
    }

    private void EndSendingIfDone()
    {
        if (_guestHasEnded && _toHost.Count == 0 && !_sendingIsShut)
        {
            _sendingIsShut = true;
            Socket!.ShutDownSending();
        }
    }

    private bool ReadFromHost()
    {
        while (!_hostHasEnded && _toGuest.MakeRoom(_bufferLimit / 4, _bufferLimit) != 0)
        {
            Span<byte> piece = _toGuest.FreePiece();
            piece = piece[..Math.Min(piece.Length, _bufferLimit - _toGuest.Count)];
            int count = Socket!.Receive(piece);
            if (count == -HostError.WouldBlock || count == -HostError.Interrupted)
            {
                break;
            }

            if (count < 0)
            {
                Abort(tellGuest: true);
                return false;
            }

            if (count == 0)
            {
                _hostHasEnded = true;
                break;
            }

            _toGuest.Added(count);
            if (count < piece.Length)
            {
                break;
            }
        }

        UpdateInterest();
        return true;
    }

    private void UpdateInterest()
    {
        Readiness interest = Readiness.None;
        if (State == TcpState.Established)
        {
            if (!_hostHasEnded && _toGuest.Count < _bufferLimit)
            {
                interest |= Readiness.Read;
            }

            if (_toHost.Count != 0)
            {
                interest |= Readiness.Write;
            }
        }

        _table.Loop.SetInterest(this, interest);
    }

    private bool CloseIfOver()
    {
        if (State == TcpState.Established && _guestHasEnded && _finAcknowledged && _toHost.Count == 0)
        {
            Acknowledge();
            Close();
            return true;
        }

        return State == TcpState.Closed;
    }

    private void Close()
    {
        State = TcpState.Closed;
        Deadline = long.MaxValue;
        _toHost.Free();
        _toGuest.Free();
        _table.Loop.Close(this);
        _table.Remove(this);
    }
}
