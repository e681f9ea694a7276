using System;
using System.Collections.Generic;
using System.Threading;
using Sosia.Net.Frames;

namespace Sosia.Net.Backends;

/// <summary>
/// Connects the machines of one process, and what else has a cable, like a switch on a desk: it learns from frames who is at which port, and sends what it does
/// not know to all. A port that is too slow loses frames, as on a real switch, so that nobody can hold up the others.
/// </summary>
public sealed class LearningSwitch : IDisposable
{
    private const int MaxAddresses = 4096;
    private const int FramesPerTurn = 64;

    private readonly Lock _gate = new();
    private readonly List<Port> _ports = [];
    private readonly Dictionary<MacAddress, Port> _places = [];
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private volatile bool _isStopping;
    private long _lost;

    /// <summary>Creates a switch with nothing plugged in.</summary>
    public LearningSwitch()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "network switch" };
        _thread.Start();
    }

    /// <summary>How many frames were lost because their receiver was too slow.</summary>
    public long LostFrames => Interlocked.Read(ref _lost);

    /// <summary>How many addresses it knows the place of.</summary>
    public int AddressCount
    {
        get
        {
            lock (_gate)
            {
                return _places.Count;
            }
        }
    }

    /// <summary>Plugs a cable in, until the result is disposed of. Callable from any thread.</summary>
    public INetworkBackend Connect(CableEnd cable)
    {
        ArgumentNullException.ThrowIfNull(cable);
        var port = new Port(this, cable);
        lock (_gate)
        {
            _ports.Add(port);
            cable.Wake = () => _wake.Set();
        }

        _wake.Set();
        return port;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isStopping)
        {
            _isStopping = true;
            _wake.Set();
            _thread.Join();
            _wake.Dispose();
        }
    }

    private void Run()
    {
        while (!_isStopping)
        {
            bool isBusy = false;
            lock (_gate)
            {
                foreach (Port port in _ports)
                {
                    isBusy |= Forward(port);
                }
            }

            if (!isBusy)
            {
                _wake.WaitOne();
            }
        }
    }

    // True when there is more.
    private bool Forward(Port from)
    {
        for (int i = 0; i < FramesPerTurn; i++)
        {
            if (!from.Cable.TryPeek(out Span<byte> frame, out FrameOffload offload))
            {
                return !from.Cable.AskForFrame();
            }

            if (frame.Length >= 14)
            {
                Forward(from, frame, offload);
            }

            from.Cable.Release();
        }

        return true;
    }

    private void Forward(Port from, Span<byte> frame, in FrameOffload offload)
    {
        var destination = MacAddress.Read(frame);
        var source = MacAddress.Read(frame[6..]);
        if (!source.IsGroup)
        {
            if (_places.Count >= MaxAddresses && !_places.ContainsKey(source))
            {
                // A guest that pretends to be thousands makes a hub of the switch, no more.
                _places.Clear();
            }

            _places[source] = from;
        }

        if (!destination.IsGroup && _places.TryGetValue(destination, out Port? place))
        {
            if (place != from)
            {
                Send(place, frame, offload);
            }

            return;
        }

        foreach (Port port in _ports)
        {
            if (port != from)
            {
                Send(port, frame, offload);
            }
        }
    }

    private void Send(Port port, Span<byte> frame, in FrameOffload offload)
    {
        if (!port.Cable.TrySend(frame, offload))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    private sealed class Port(LearningSwitch owner, CableEnd cable) : INetworkBackend
    {
        public CableEnd Cable { get; } = cable;

        public string Description => "switch";

        public void Dispose()
        {
            lock (owner._gate)
            {
                Cable.Wake = null;
                owner._ports.Remove(this);
                foreach (MacAddress address in new List<MacAddress>(owner._places.Keys))
                {
                    if (owner._places[address] == this)
                    {
                        owner._places.Remove(address);
                    }
                }
            }
        }
    }
}
