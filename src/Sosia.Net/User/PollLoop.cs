using System;
using System.Collections.Generic;
using Sosia.Host.Linux.Network;
using Sosia.Host.Linux.Threading;

namespace Sosia.Net.User;

/// <summary>The host sockets of a network and what each waits for. One thread's, but for <see cref="Wake"/>.</summary>
internal sealed class PollLoop : IDisposable
{
    private const ulong WakeToken = ulong.MaxValue;

    private readonly ReadySet _ready = new();
    private readonly WakeEvent _wake = new();
    private readonly List<PollTarget?> _targets = [];
    private readonly Stack<int> _free = new();
    private uint _generation;

    public PollLoop()
    {
        _ = _ready.TryAdd(_wake.FileDescriptor, Readiness.Read, WakeToken);
    }

    /// <summary>Ends a wait. Callable from any thread.</summary>
    public void Wake() => _wake.Set();

    public bool TryAdd(PollTarget target, HostSocket socket, Readiness interest)
    {
        int slot = _free.Count != 0 ? _free.Pop() : _targets.Count;
        if (slot == _targets.Count)
        {
            _targets.Add(null);
        }

        target.Token = ((ulong)++_generation << 32) | (uint)slot;
        target.Interest = interest;
        target.Socket = socket;
        if (interest != Readiness.None && !_ready.TryAdd(socket.Descriptor, interest, target.Token))
        {
            target.Socket = null;
            _free.Push(slot);
            return false;
        }

        _targets[slot] = target;
        return true;
    }

    /// <summary>Waits for something else. A target that waits for nothing hears nothing, not even that its peer has gone: a wait would end at once again and again.</summary>
    public void SetInterest(PollTarget target, Readiness interest)
    {
        if (target.Socket is not { } socket || target.Interest == interest)
        {
            return;
        }

        if (interest == Readiness.None)
        {
            _ready.Remove(socket.Descriptor);
        }
        else if (target.Interest == Readiness.None)
        {
            _ = _ready.TryAdd(socket.Descriptor, interest, target.Token);
        }
        else
        {
            _ready.Set(socket.Descriptor, interest, target.Token);
        }

        target.Interest = interest;
    }

    /// <summary>Forgets a target and closes its socket.</summary>
    public void Close(PollTarget target)
    {
        if (target.Socket is { } socket)
        {
            SetInterest(target, Readiness.None);
            int slot = (int)(uint)target.Token;
            _targets[slot] = null;
            _free.Push(slot);
            target.Socket = null;
            socket.Dispose();
        }
    }

    /// <summary>Waits, and lets those be heard that are ready.</summary>
    /// <param name="milliseconds">How long at most; negative: for ever.</param>
    public void Wait(int milliseconds)
    {
        int count = _ready.Wait(milliseconds);
        for (int i = 0; i < count; i++)
        {
            ulong token = _ready.TokenOf(i);
            if (token == WakeToken)
            {
                _wake.Wait(0);
            }
            else if ((int)(uint)token < _targets.Count && _targets[(int)(uint)token] is { } target && target.Token == token)
            {
                // What was closed by one before it in this round is not there any more.
                target.Ready(_ready.ReadinessOf(i));
            }
        }
    }

    public void Dispose()
    {
        foreach (PollTarget? target in _targets)
        {
            target?.Socket?.Dispose();
        }

        _targets.Clear();
        _ready.Dispose();
        _wake.Dispose();
    }
}
