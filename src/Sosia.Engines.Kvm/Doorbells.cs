using System;
using System.Collections.Generic;
using System.Threading;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Host.Linux.Kvm;
using Sosia.Host.Linux.Threading;

namespace Sosia.Engines.Kvm;

/// <summary>
/// Devices' doorbells as eventfds: the guest's write makes no exit, and a thread of its own tells the device. Without processors to spare for that thread
/// nobody gains, so a machine gets it only where the host has more than one.
/// </summary>
internal sealed class Doorbells : IMemoryMapObserver, IDisposable
{
    private readonly KvmVm _vm;
    private readonly IMachineHardware _hardware;
    private readonly Lock _gate = new();
    private readonly List<Bell> _bells = [];
    private readonly EventSet _events = new();
    private readonly WakeEvent _changed = new();
    private volatile bool _isStale = true;
    private volatile bool _mustStop;
    private bool _isOpen;
    private Thread? _thread;

    public Doorbells(KvmVm vm, IMachineHardware hardware)
    {
        _vm = vm;
        _hardware = hardware;
        hardware.Memory.AddObserver(this);
    }

    /// <summary>How often a bell has rung without an exit.</summary>
    public long Rings { get; private set; }

    /// <inheritdoc/>
    public void MemoryMapChanged() => _isStale = true;

    /// <inheritdoc/>
    public void WriteProtectRamPage(ulong ramPageIndex)
    {
    }

    /// <inheritdoc/>
    public void WriteProtectRamPages(ulong firstRamPage, ulong pageCount)
    {
    }

    /// <summary>Brings the bells up to date, if the memory map has changed; to be called before the guest runs.</summary>
    public void Update()
    {
        if (!_isStale && _isOpen)
        {
            return;
        }

        lock (_gate)
        {
            _isOpen = true;
            if (_isStale)
            {
                _isStale = false;
                Replace();
            }
        }
    }

    /// <summary>What was rung so far reaches the devices, and nothing more comes until <see cref="Update"/>. No processor runs.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_isOpen)
            {
                _ = _events.Wait(0);
                Ring();
                _isOpen = false;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mustStop = true;
        _changed.Set();
        _thread?.Join();
        lock (_gate)
        {
            foreach (Bell bell in _bells)
            {
                bell.Event.Dispose();
            }

            _bells.Clear();
        }

        _changed.Dispose();
    }

    private void Replace()
    {
        List<Bell> wanted = [];
        foreach ((ulong guestPhysical, IDoorbellDevice device) in _hardware.Memory.DescribeDoorbells())
        {
            foreach (Doorbell doorbell in device.Doorbells)
            {
                wanted.Add(new Bell(device, doorbell, guestPhysical + doorbell.Offset));
            }
        }

        for (int i = _bells.Count - 1; i >= 0; i--)
        {
            if (!wanted.Remove(_bells[i]))
            {
                _ = Assign(_bells[i], false);
                _bells[i].Event.Dispose();
                _bells.RemoveAt(i);
            }
        }

        foreach (Bell bell in wanted)
        {
            bell.Event = new WakeEvent();
            if (Assign(bell, true) == 0)
            {
                _bells.Add(bell);
            }
            else
            {
                bell.Event.Dispose();
            }
        }

        Span<int> descriptors = stackalloc int[_bells.Count + 1];
        descriptors[0] = _changed.FileDescriptor;
        for (int i = 0; i < _bells.Count; i++)
        {
            descriptors[i + 1] = _bells[i].Event.FileDescriptor;
        }

        _events.Set(descriptors);
        if (_thread is null && _bells.Count != 0)
        {
            _thread = new Thread(Watch) { IsBackground = true, Name = "doorbells" };
            _thread.Start();
        }

        _changed.Set();
    }

    private int Assign(Bell bell, bool isAssigned)
        => _vm.TrySetIoEventFd(bell.Event.FileDescriptor, bell.Address, bell.Doorbell.ByteCount, bell.Doorbell.Value, isPort: false, isAssigned);

    private void Watch()
    {
        while (!_mustStop)
        {
            bool isSignalled = _events.Wait(-1);
            lock (_gate)
            {
                if (isSignalled && _isOpen)
                {
                    Ring();
                }
                else if (isSignalled)
                {
                    _ = _events.Take(0);
                }
            }
        }
    }

    private void Ring()
    {
        _ = _events.Take(0);
        for (int i = 0; i < _bells.Count; i++)
        {
            if (_events.Take(i + 1))
            {
                Rings++;
                using MachineLock.Holder held = _hardware.Memory.Threads.Devices.Enter();
                _bells[i].Device.WriteMmio(_bells[i].Doorbell.Offset, _bells[i].Doorbell.ByteCount, _bells[i].Doorbell.Value ?? 0);
            }
        }
    }

    private sealed record Bell(IDoorbellDevice Device, Doorbell Doorbell, ulong Address)
    {
        public WakeEvent Event { get; set; } = null!;

        public bool Equals(Bell? other) => other is not null && ReferenceEquals(Device, other.Device) && Doorbell == other.Doorbell && Address == other.Address;

        public override int GetHashCode() => HashCode.Combine(Doorbell, Address);
    }
}
