using System;
using System.Threading;
using Sosia.Devices.Uart16550;

namespace Sosia.Control;

/// <summary>What waits to be received by one serial port: filled from any thread, emptied on the machine's as fast as the guest reads.</summary>
internal sealed class SerialInbox
{
    private readonly object _gate = new();
    private readonly SerialPort _port;
    private byte[] _bytes = new byte[256];
    private int _start;
    private int _count;
    private bool _breakWaits;
    private bool _isClosed;

    public SerialInbox(SerialPort port)
    {
        _port = port;
        port.RoomAvailable = Drain;
    }

    /// <summary>True when nothing waits.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>Sends a break after what waits now. Callable from any thread.</summary>
    public void AddBreak() => Volatile.Write(ref _breakWaits, true);

    /// <summary>Adds bytes. Callable from any thread.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_start + _count + bytes.Length > _bytes.Length)
            {
                byte[] larger = _count + bytes.Length > _bytes.Length ? new byte[Math.Max(2 * _bytes.Length, _count + bytes.Length)] : _bytes;
                _bytes.AsSpan(_start, _count).CopyTo(larger);
                _bytes = larger;
                _start = 0;
            }

            bytes.CopyTo(_bytes.AsSpan(_start + _count));
            Volatile.Write(ref _count, _count + bytes.Length);
        }
    }

    /// <summary>Waits until fewer than this many bytes wait. Callable from any thread.</summary>
    /// <returns>False when the port will take no more.</returns>
    public bool WaitForRoom(int byteCount)
    {
        lock (_gate)
        {
            while (_count >= byteCount && !_isClosed)
            {
                Monitor.Wait(_gate);
            }

            return !_isClosed;
        }
    }

    /// <summary>Nobody will empty it any more: whoever waits for room is told so.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Gives the port what it has room for. On the machine's thread.</summary>
    public void Drain()
    {
        if (IsEmpty)
        {
            if (Volatile.Read(ref _breakWaits) && _port.ReceiveBreak())
            {
                Volatile.Write(ref _breakWaits, false);
            }

            return;
        }

        lock (_gate)
        {
            int accepted = _port.Receive(_bytes.AsSpan(_start, _count));
            _start += accepted;
            Volatile.Write(ref _count, _count - accepted);
            if (_count == 0)
            {
                _start = 0;
            }

            if (accepted != 0)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }
}
