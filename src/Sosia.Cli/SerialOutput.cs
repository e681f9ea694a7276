using System;
using System.Threading;
using Sosia.Devices.Uart16550;
using Sosia.Host.Linux.Terminal;

namespace Sosia.Cli;

/// <summary>
/// What a serial port sends, on its way to a terminal, pipe or file. A thread of its own writes, a little later and so in larger
/// pieces; the machine's thread waits only when far more than a screen is not written yet.
/// </summary>
internal sealed class SerialOutput : ISerialBackend, IDisposable
{
    private const int Capacity = 1 << 18;

    // How long bytes may wait for more to come. Nobody sees a millisecond.
    private const int GatherMilliseconds = 1;

    // How long the end of the program waits for a reader that does not read.
    private const int DrainMilliseconds = 2000;

    private readonly object _gate = new();
    private readonly HostDescriptor _descriptor;
    private readonly Action<int>? _failed;
    private readonly Thread _writer;
    private byte[] _filling = new byte[Capacity];
    private byte[] _writing = new byte[Capacity];
    private int _count;
    private bool _isWriting;
    private bool _isEnding;
    private bool _isClosed;
    private bool _isBroken;

    /// <summary>Begins to write.</summary>
    /// <param name="descriptor">Where to.</param>
    /// <param name="failed">Called, on the writing thread, with an error number when the rest cannot be written; it is lost.</param>
    public SerialOutput(HostDescriptor descriptor, Action<int>? failed)
    {
        _descriptor = descriptor;
        _failed = failed;
        _writer = new Thread(WriteLoop) { IsBackground = true, Name = "serial output" };
        _writer.Start();
    }

    /// <inheritdoc/>
    public void Transmit(byte value) => Add([value]);

    /// <summary>Adds bytes, waiting for room.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            foreach (byte value in bytes)
            {
                while (_count == Capacity && !_isBroken && !_isClosed)
                {
                    Monitor.Wait(_gate);
                }

                if (_isBroken || _isClosed)
                {
                    return;
                }

                _filling[_count++] = value;
                if (_count is 1 or Capacity)
                {
                    Monitor.PulseAll(_gate);
                }
            }
        }
    }

    /// <summary>Writes what is left, if somebody reads it, and ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isEnding = true;
            Monitor.PulseAll(_gate);
            long end = Environment.TickCount64 + DrainMilliseconds;
            while ((_count != 0 || _isWriting) && !_isBroken && Environment.TickCount64 < end)
            {
                Monitor.Wait(_gate, DrainMilliseconds);
            }

            _isClosed = true;
            Monitor.PulseAll(_gate);
        }

        _descriptor.Dispose();
    }

    private void WriteLoop()
    {
        while (true)
        {
            int count;
            lock (_gate)
            {
                while (_count == 0 && !_isClosed)
                {
                    Monitor.Wait(_gate);
                }

                if (!_isEnding && _count < Capacity)
                {
                    Monitor.Wait(_gate, GatherMilliseconds);
                }

                if (_isClosed)
                {
                    return;
                }

                (_filling, _writing) = (_writing, _filling);
                count = _count;
                _count = 0;
                _isWriting = true;
                Monitor.PulseAll(_gate);
            }

            int error = _descriptor.Write(_writing.AsSpan(0, count));
            lock (_gate)
            {
                _isWriting = false;
                _isBroken |= error != 0;
                Monitor.PulseAll(_gate);
            }

            if (error != 0)
            {
                _failed?.Invoke(error);
                return;
            }
        }
    }
}
