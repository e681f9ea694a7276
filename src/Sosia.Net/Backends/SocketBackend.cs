using System;
using System.Buffers.Binary;
using System.Threading;
using Sosia.Core;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Network;
using Sosia.Host.Linux.Threading;

namespace Sosia.Net.Backends;

/// <summary>
/// Joins two machines, in different processes or on different hosts, by a TCP connection: each frame with its length before it, in four bytes, the highest first
/// (QEMU's "socket" network speaks the same). One listens and the other connects, again and again, as long as they live; while nobody is there, frames
/// are lost, as on a cable that is not plugged in.
/// </summary>
public sealed class SocketBackend : INetworkBackend
{
    private const ulong PeerToken = 0;
    private const ulong WakeToken = 1;
    private const ulong ListenerToken = 2;
    private const int FramesPerTurn = 64;
    private const int LengthByteCount = 4;
    private const int RetryMilliseconds = 500;
    private const int BufferByteCount = 1 << 18;

    private readonly CableEnd _cable;
    private readonly HostSocket? _listener;
    private readonly SocketAddress4 _address;
    private readonly ReadySet _ready = new();
    private readonly WakeEvent _wake = new();
    private readonly byte[] _out = new byte[BufferByteCount];
    private readonly byte[] _in = new byte[BufferByteCount];
    private readonly Thread _thread;
    private HostSocket? _peer;
    private Readiness _interest;
    private bool _isConnected;
    private bool _guestIsBehind;
    private int _outStart;
    private int _outEnd;
    private int _inStart;
    private int _inEnd;
    private long _retryAt;
    private volatile bool _isStopping;

    /// <summary>Opens the port, or begins to connect, and starts.</summary>
    /// <param name="cable">The end of the cable to the guest.</param>
    /// <param name="address">Where to listen or whom to connect to.</param>
    /// <param name="listens">True to listen.</param>
    /// <exception cref="SosiaException">The port cannot be used.</exception>
    public SocketBackend(CableEnd cable, SocketAddress4 address, bool listens)
    {
        ArgumentNullException.ThrowIfNull(cable);
        _cable = cable;
        _address = address;
        if (listens)
        {
            _listener = HostSocket.CreateStream(out int error);
            error = _listener?.Bind(address) ?? error;
            error = error != 0 ? error : _listener!.Listen(1);
            if (error != 0)
            {
                _listener?.Dispose();
                _ready.Dispose();
                _wake.Dispose();
                throw new SosiaException($"The address {address} of listen= cannot be used ({HostError.Describe(error)}); choose another one.");
            }

            _address = _listener!.LocalAddress;
            _ = _ready.TryAdd(_listener.Descriptor, Readiness.Read, ListenerToken);
        }

        _ = _ready.TryAdd(_wake.FileDescriptor, Readiness.Read, WakeToken);
        cable.Wake = _wake.Set;
        _thread = new Thread(Run) { IsBackground = true, Name = "network socket" };
        _thread.Start();
    }

    /// <summary>Where it listens, or whom it connects to.</summary>
    public SocketAddress4 Address => _address;

    /// <inheritdoc/>
    public string Description => _listener is null ? $"socket to {_address}" : $"socket at {_address}";

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isStopping)
        {
            return;
        }

        _isStopping = true;
        _wake.Set();
        _thread.Join();
        _cable.Wake = null;
        _peer?.Dispose();
        _listener?.Dispose();
        _ready.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        while (!_isStopping)
        {
            if (_listener is null && _peer is null && Environment.TickCount64 >= _retryAt)
            {
                Connect();
            }

            bool isBusy = TakeFrames();
            _guestIsBehind = _isConnected && !GiveFrames();
            Flush();
            UpdateInterest();
            int count = _ready.Wait(isBusy ? 0 : _listener is null && _peer is null ? RetryMilliseconds : -1);
            for (int i = 0; i < count; i++)
            {
                Handle(_ready.TokenOf(i), _ready.ReadinessOf(i));
            }
        }
    }

    private void Handle(ulong token, Readiness readiness)
    {
        switch (token)
        {
            case WakeToken:
                _wake.Wait(0);
                break;
            case ListenerToken:
                // One at a time: who comes second is sent away.
                HostSocket? caller = _listener!.Accept(out _, out _);
                if (_peer is not null)
                {
                    caller?.Dispose();
                }
                else if (caller is not null)
                {
                    Attach(caller, isConnected: true);
                }

                break;
            default:
                if (_peer is not null)
                {
                    HandlePeer(readiness);
                }

                break;
        }
    }

    private void HandlePeer(Readiness readiness)
    {
        if (!_isConnected)
        {
            if (_peer!.TakeError() != 0)
            {
                Detach();
                return;
            }

            _isConnected = true;
            _peer.SetNoDelay();
        }

        if ((readiness & (Readiness.Read | Readiness.Error | Readiness.HangUp)) != 0)
        {
            Receive();
        }
    }

    private void Connect()
    {
        _retryAt = Environment.TickCount64 + RetryMilliseconds;
        HostSocket? socket = HostSocket.CreateStream(out int error);
        if (socket is null)
        {
            return;
        }

        error = socket.Connect(_address);
        if (error is 0 or SocketErrorNumber.InProgress)
        {
            Attach(socket, isConnected: false);
        }
        else
        {
            socket.Dispose();
        }
    }

    private void Attach(HostSocket socket, bool isConnected)
    {
        _peer = socket;
        _isConnected = isConnected;
        _outStart = _outEnd = _inStart = _inEnd = 0;
        _guestIsBehind = false;
        if (isConnected)
        {
            socket.SetNoDelay();
        }

        _interest = Readiness.Read | Readiness.Write;
        _ = _ready.TryAdd(socket.Descriptor, _interest, PeerToken);
    }

    private void Detach()
    {
        if (_peer is not null)
        {
            if (_interest != Readiness.None)
            {
                _ready.Remove(_peer.Descriptor);
            }

            _peer.Dispose();
            _peer = null;
            _isConnected = false;
        }
    }

    private void UpdateInterest()
    {
        if (_peer is null)
        {
            return;
        }

        Readiness wanted = !_isConnected ? Readiness.Write : (_guestIsBehind ? Readiness.None : Readiness.Read) | (_outEnd != _outStart ? Readiness.Write : Readiness.None);
        if (wanted == _interest)
        {
            return;
        }

        // Out of the set, a peer that has gone is not reported again and again while its last frames wait for the guest.
        if (wanted == Readiness.None)
        {
            _ready.Remove(_peer.Descriptor);
        }
        else if (_interest == Readiness.None)
        {
            _ = _ready.TryAdd(_peer.Descriptor, wanted, PeerToken);
        }
        else
        {
            _ready.Set(_peer.Descriptor, wanted, PeerToken);
        }

        _interest = wanted;
    }

    // True when there may be more.
    private bool TakeFrames()
    {
        for (int i = 0; i < FramesPerTurn; i++)
        {
            if (!_cable.TryPeek(out Span<byte> frame, out _))
            {
                return !_cable.AskForFrame();
            }

            if (_isConnected)
            {
                if (_outStart == _outEnd)
                {
                    _outStart = _outEnd = 0;
                }

                if (_out.Length - _outEnd < LengthByteCount + frame.Length)
                {
                    Flush();
                    if (_outStart != 0)
                    {
                        _out.AsSpan(_outStart, _outEnd - _outStart).CopyTo(_out);
                        _outEnd -= _outStart;
                        _outStart = 0;
                    }

                    if (_isConnected && _out.Length - _outEnd < LengthByteCount + frame.Length)
                    {
                        // The peer is slow: so will be our guest.
                        return false;
                    }
                }

                BinaryPrimitives.WriteInt32BigEndian(_out.AsSpan(_outEnd), frame.Length);
                frame.CopyTo(_out.AsSpan(_outEnd + LengthByteCount));
                _outEnd += LengthByteCount + frame.Length;
            }

            _cable.Release();
        }

        return true;
    }

    private void Flush()
    {
        while (_isConnected && _outStart != _outEnd)
        {
            int count = _peer!.Send(_out.AsSpan(_outStart, _outEnd - _outStart));
            if (count < 0)
            {
                if (count != -HostError.WouldBlock)
                {
                    Detach();
                }

                return;
            }

            _outStart += count;
        }
    }

    private void Receive()
    {
        if (_inStart != 0)
        {
            _in.AsSpan(_inStart, _inEnd - _inStart).CopyTo(_in);
            _inEnd -= _inStart;
            _inStart = 0;
        }

        if (_inEnd == _in.Length)
        {
            return;
        }

        int count = _peer!.Receive(_in.AsSpan(_inEnd));
        if (count > 0)
        {
            _inEnd += count;
        }
        else if (count != -HostError.WouldBlock && count != -HostError.Interrupted)
        {
            Detach();
        }
    }

    // False when the guest has no room for what is there.
    private bool GiveFrames()
    {
        while (_inEnd - _inStart >= LengthByteCount)
        {
            int byteCount = BinaryPrimitives.ReadInt32BigEndian(_in.AsSpan(_inStart));
            if (byteCount is < 0 or > FrameQueue.MaxFrameByteCount)
            {
                // That is no network: nothing that follows can be trusted.
                Detach();
                return true;
            }

            if (_inEnd - _inStart < LengthByteCount + byteCount)
            {
                return true;
            }

            if (byteCount >= 14 && !_cable.TrySend(_in.AsSpan(_inStart + LengthByteCount, byteCount)))
            {
                return false;
            }

            _inStart += LengthByteCount + byteCount;
        }

        return true;
    }
}
