using System;
using System.Collections.Generic;
using System.Threading;
using Sosia.Core.Buses;
using Sosia.Core.Memory;
using Sosia.Host.Linux.Kvm;

namespace Sosia.Engines.Kvm;

/// <summary>
/// Keeps KVM's memory slots as the machine's memory map has them: a slot for each run of RAM and ROM that no device lies over. Accesses to all else come
/// back as exits.
/// </summary>
internal sealed unsafe class MemorySlots : IMemoryMapObserver
{
    private readonly KvmVm _vm;
    private readonly MemoryBus _memory;
    private readonly Lock _gate = new();
    private readonly Slot?[] _slots;
    private readonly bool _hasReadOnly;
    private volatile bool _isStale = true;

    public MemorySlots(KvmVm vm, MemoryBus memory, int maxSlots)
    {
        _vm = vm;
        _memory = memory;
        _slots = new Slot?[Math.Clamp(maxSlots, 8, 512)];
        _hasReadOnly = vm.Check(KvmCapability.ReadOnlyMemory) != 0;
        memory.AddObserver(this);
    }

    /// <inheritdoc/>
    public void MemoryMapChanged() => _isStale = true;

    /// <inheritdoc/>
    /// <remarks>The guest writes without asking; who holds code of its pages is told before he uses it (<see cref="KvmMachine.NoteNativeWrites"/>).</remarks>
    public void WriteProtectRamPage(ulong ramPageIndex)
    {
    }

    /// <inheritdoc/>
    public void WriteProtectRamPages(ulong firstRamPage, ulong pageCount)
    {
    }

    /// <summary>Brings the slots up to date, if the memory map has changed; to be called before the guest runs.</summary>
    public void Update()
    {
        if (_isStale)
        {
            lock (_gate)
            {
                _isStale = false;
                Replace(Wanted());
            }
        }
    }

    /// <summary>Takes from KVM which pages the guest has written, in slots whose writes somebody tracks, and marks them as written.</summary>
    public void CollectWrites()
    {
        lock (_gate)
        {
            for (int i = 0; i < _slots.Length; i++)
            {
                if (_slots[i] is { TracksWrites: true } slot)
                {
                    CollectWrites(i, slot);
                }
            }
        }
    }

    private void CollectWrites(int index, Slot slot)
    {
        int pageCount = (int)(slot.ByteCount / GuestRam.PageSize);
        Span<ulong> bitmap = slot.DirtyBits.AsSpan(0, (pageCount + 63) / 64);
        _vm.GetDirtyLog(index, bitmap);
        for (int word = 0; word < bitmap.Length; word++)
        {
            for (ulong bits = bitmap[word]; bits != 0; bits &= bits - 1)
            {
                ulong page = (ulong)(word * 64) + (ulong)System.Numerics.BitOperations.TrailingZeroCount(bits);
                _memory.Ram.BeforeWrite(slot.RamOffset + (page * GuestRam.PageSize), GuestRam.PageSize);
            }
        }
    }

    // Old slots go before new ones come, because slots must not overlap. A processor that meets a hole in between comes back with an exit, and its access is
    // made through the memory bus.
    private void Replace(List<Slot> wanted)
    {
        for (int i = 0; i < _slots.Length; i++)
        {
            if (_slots[i] is { } slot && !wanted.Remove(slot))
            {
                _vm.SetMemory(i, slot.GuestPhysical, 0, _memory.Ram.HostBase + slot.RamOffset, false, false);
                _slots[i] = null;
                if (slot.TracksWrites)
                {
                    // What KVM knew of its writes is gone with it.
                    _memory.Ram.BeforeWrite(slot.RamOffset, (int)slot.ByteCount);
                }
            }
        }

        int free = 0;
        foreach (Slot slot in wanted)
        {
            while (free < _slots.Length && _slots[free] is not null)
            {
                free++;
            }

            // Without a slot the accesses are slow, but right.
            if (free < _slots.Length)
            {
                _vm.SetMemory(free, slot.GuestPhysical, slot.ByteCount, _memory.Ram.HostBase + slot.RamOffset, slot.IsReadOnly, slot.TracksWrites);
                _slots[free] = slot;
            }
        }
    }

    private List<Slot> Wanted()
    {
        List<Slot> wanted = [];
        foreach (RamRange range in _memory.DescribeRam())
        {
            ulong start = range.GuestPhysical;
            ulong end = start + range.ByteCount;
            foreach ((ulong device, ulong deviceByteCount, _) in _memory.DescribeDevices())
            {
                // Pages that a device lies over even in part are not RAM to the guest's processor.
                ulong deviceStart = device & ~(GuestRam.PageSize - 1UL);
                ulong deviceEnd = (device + deviceByteCount + GuestRam.PageSize - 1) & ~(GuestRam.PageSize - 1UL);
                if (deviceStart >= end || deviceEnd <= start)
                {
                    continue;
                }

                Add(wanted, range, start, Math.Max(start, deviceStart));
                start = Math.Min(end, deviceEnd);
            }

            Add(wanted, range, start, end);
        }

        return wanted;
    }

    private void Add(List<Slot> wanted, RamRange range, ulong start, ulong end)
    {
        if (start < end && (_hasReadOnly || !range.IsReadOnly))
        {
            wanted.Add(new Slot(start, end - start, range.RamOffset + (start - range.GuestPhysical), range.IsReadOnly, range.TracksWrites));
        }
    }

    private sealed record Slot(ulong GuestPhysical, ulong ByteCount, ulong RamOffset, bool IsReadOnly, bool TracksWrites)
    {
        private ulong[]? _dirtyBits;

        public ulong[] DirtyBits => _dirtyBits ??= new ulong[((ByteCount / GuestRam.PageSize) + 63) / 64];

        public bool Equals(Slot? other)
            => other is not null && GuestPhysical == other.GuestPhysical && ByteCount == other.ByteCount && RamOffset == other.RamOffset
                && IsReadOnly == other.IsReadOnly && TracksWrites == other.TracksWrites;

        public override int GetHashCode() => HashCode.Combine(GuestPhysical, ByteCount);
    }
}
