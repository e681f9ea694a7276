using System;
using System.Collections.Generic;
using System.Threading;

namespace Sosia.Core.Execution;

/// <summary>
/// What the threads of one machine share while each processor has a thread of its own: the two locks, and a way to wait until nobody is in the
/// middle of an instruction that began before. Guest RAM is accessed without any lock.
/// </summary>
/// <remarks>Order of locks: <see cref="Devices"/> before <see cref="Code"/>; whoever holds <see cref="Code"/> never takes <see cref="Devices"/>.</remarks>
public sealed class VcpuThreads
{
    [ThreadStatic]
    private static Participant? _current;

    private Participant[] _participants = [];
    private volatile bool _areRunning;
    private volatile bool _isExclusive;

    /// <summary>Creates the state of a machine whose processors share one thread.</summary>
    public VcpuThreads()
    {
        Devices = new MachineLock(this);
        Code = new MachineLock(this);
    }

    /// <summary>Guards everything that devices, timers and interrupt controllers keep.</summary>
    public MachineLock Devices { get; }

    /// <summary>Guards which RAM pages are marked as holding code.</summary>
    public MachineLock Code { get; }

    /// <summary>True while processors have threads of their own. It changes only while none of them runs.</summary>
    public bool AreRunning => _areRunning;

    /// <summary>Processors get threads of their own.</summary>
    public void Start(IReadOnlyList<IVcpu> cpus)
    {
        ArgumentNullException.ThrowIfNull(cpus);
        _participants = new Participant[cpus.Count];
        for (int i = 0; i < _participants.Length; i++)
        {
            _participants[i] = new Participant(cpus[i]);
        }

        _areRunning = true;
    }

    /// <summary>All processors stand at an instruction boundary, and one thread goes on with all of them.</summary>
    public void Stop()
    {
        _areRunning = false;
        _participants = [];
    }

    /// <summary>The calling thread goes on to execute guest code.</summary>
    /// <param name="index">Of its processor.</param>
    public void EnterGuest(int index)
    {
        Participant own = _participants[index];
        _current = own;
        Interlocked.Exchange(ref own.InGuest, 1);
    }

    /// <summary>The calling thread has come back from guest code.</summary>
    public void LeaveGuest() => Volatile.Write(ref _current!.InGuest, 0);

    /// <summary>True when a processor is another thread's: its caches must not be touched.</summary>
    public bool IsForeign(IVcpu cpu) => _areRunning && !ReferenceEquals(_current?.Cpu, cpu);

    /// <summary>
    /// Waits until every other processor's thread has passed an instruction boundary, or is not executing. What it had decided before – that
    /// a store may be made without asking, for instance – is done then, and what it decides next it decides by what is in memory now.
    /// </summary>
    public void WaitForOthers()
    {
        if (!_areRunning)
        {
            return;
        }

        // Two that wait for each other must not do so for ever.
        bool wasInGuest = Park();
        Thread.MemoryBarrier();
        foreach (Participant other in _participants)
        {
            if (ReferenceEquals(other, _current))
            {
                continue;
            }

            long seen = other.Cpu.BoundariesPassed;
            var spin = default(SpinWait);
            while (Volatile.Read(ref other.InGuest) != 0 && other.Cpu.BoundariesPassed == seen)
            {
                other.Cpu.RequestAttention();
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }

        Unpark(wasInGuest);
    }

    /// <summary>
    /// The calling processor's thread goes on alone, until <see cref="LeaveExclusive"/>: for an access that the host cannot make atomically. Not to be
    /// called under a lock. Costs nothing while one thread runs all processors.
    /// </summary>
    public void EnterExclusive()
    {
        if (!_areRunning)
        {
            return;
        }

        // Whoever waits for one of these stands still, and nobody can begin to.
        Devices.Take();
        Code.Take();
        _isExclusive = true;
        Thread.MemoryBarrier();
        foreach (Participant other in _participants)
        {
            if (ReferenceEquals(other, _current))
            {
                continue;
            }

            var spin = default(SpinWait);
            while (Volatile.Read(ref other.InGuest) != 0)
            {
                other.Cpu.RequestAttention();
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    /// <summary>The others go on.</summary>
    public void LeaveExclusive()
    {
        if (_areRunning)
        {
            _isExclusive = false;
            Code.Give();
            Devices.Give();
        }
    }

    /// <summary>A processor's thread, at an instruction boundary, lets another one go on alone.</summary>
    public void WaitWhileExclusive()
    {
        if (_isExclusive)
        {
            using MachineLock.Holder held = Devices.Enter();
        }
    }

    /// <summary>The calling thread is about to wait, between two accesses to guest memory.</summary>
    internal static bool Park()
    {
        Participant? own = _current;
        if (own is null || own.InGuest == 0)
        {
            return false;
        }

        Volatile.Write(ref own.InGuest, 0);
        return true;
    }

    /// <summary>It goes on.</summary>
    internal static void Unpark(bool wasInGuest)
    {
        if (wasInGuest)
        {
            Interlocked.Exchange(ref _current!.InGuest, 1);
        }
    }

    private sealed class Participant(IVcpu cpu)
    {
        public int InGuest;

        public IVcpu Cpu { get; } = cpu;
    }
}
