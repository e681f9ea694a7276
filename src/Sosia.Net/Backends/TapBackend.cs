using System;
using System.Threading;
using Sosia.Core;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Network;
using Sosia.Host.Linux.Threading;

namespace Sosia.Net.Backends;

/// <summary>Connects a cable with a tap interface of the host: the guest is on the host's own network, as far as the host lets it.</summary>
public sealed class TapBackend : INetworkBackend
{
    private const ulong TapToken = 0;
    private const ulong WakeToken = 1;
    private const int FramesPerTurn = 64;
    private const int MaxFrame = 1 << 16;

    private readonly CableEnd _cable;
    private readonly TapInterface _tap;
    private readonly ReadySet _ready = new();
    private readonly WakeEvent _wake = new();
    private readonly byte[] _frame = new byte[MaxFrame];
    private readonly Thread _thread;
    private int _waiting;
    private volatile bool _isStopping;

    /// <summary>Attaches to the interface and starts.</summary>
    /// <param name="cable">The end of the cable to the guest.</param>
    /// <param name="name">The interface's name; empty for a new one.</param>
    /// <exception cref="SosiaException">It cannot be used.</exception>
    public TapBackend(CableEnd cable, string name)
    {
        ArgumentNullException.ThrowIfNull(cable);
        _cable = cable;
        TapInterface? tap = TapInterface.Open(name, out int error);
        if (tap is null)
        {
            _ready.Dispose();
            _wake.Dispose();
            throw new SosiaException(
                $"The tap interface '{name}' cannot be used ({HostError.Describe(error)}); make it for this user with 'ip tuntap add dev NAME mode tap user USER', or use --net user.",
                FailureKind.Host);
        }

        _tap = tap;
        _ = _ready.TryAdd(tap.Descriptor, Readiness.Read, TapToken);
        _ = _ready.TryAdd(_wake.FileDescriptor, Readiness.Read, WakeToken);
        cable.Wake = _wake.Set;
        _thread = new Thread(Run) { IsBackground = true, Name = "tap" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public string Description => $"tap {_tap.Name}";

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
        _tap.Dispose();
        _ready.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        Readiness interest = Readiness.Read;
        while (!_isStopping)
        {
            bool isBusy = Send() | Receive();
            Readiness wanted = _waiting == 0 ? Readiness.Read : Readiness.None;
            if (wanted != interest)
            {
                interest = wanted;
                _ready.Set(_tap.Descriptor, interest, TapToken);
            }

            int count = _ready.Wait(isBusy ? 0 : -1);
            for (int i = 0; i < count; i++)
            {
                if (_ready.TokenOf(i) == WakeToken)
                {
                    _wake.Wait(0);
                }
            }
        }
    }

    private bool Send()
    {
        for (int i = 0; i < FramesPerTurn; i++)
        {
            if (!_cable.TryPeek(out Span<byte> frame, out _))
            {
                return !_cable.AskForFrame();
            }

            // The host drops what it has no room for, as it does for any card.
            _ = _tap.Write(frame);
            _cable.Release();
        }

        return true;
    }

    // True when there may be more. A frame for which the guest has no room waits.
    private bool Receive()
    {
        for (int i = 0; i < FramesPerTurn; i++)
        {
            if (_waiting == 0)
            {
                int count = _tap.Read(_frame);
                if (count <= 0)
                {
                    return false;
                }

                _waiting = count;
            }

            if (!_cable.TrySend(_frame.AsSpan(0, _waiting)))
            {
                return false;
            }

            _waiting = 0;
        }

        return true;
    }
}
