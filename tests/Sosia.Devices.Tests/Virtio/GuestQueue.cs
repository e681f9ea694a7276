using System;
using System.Collections.Generic;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>The driver's side of a split virtqueue, written from the specification and simpler than any real driver's.</summary>
internal sealed class GuestQueue
{
    private readonly VirtioBench _bench;
    private readonly bool _usesEventIndex;
    private readonly Queue<ushort> _free = new();
    private readonly Dictionary<ushort, List<ushort>> _chains = [];
    private ushort _available;
    private ushort _used;

    public GuestQueue(VirtioBench bench, int index, int size, bool usesEventIndex)
    {
        _bench = bench;
        _usesEventIndex = usesEventIndex;
        Index = index;
        Size = size;
        DescriptorTable = VirtioBench.RamBase + ((ulong)index * 0x1_0000);
        AvailableRing = DescriptorTable + 0x4000;
        UsedRing = DescriptorTable + 0x8000;
        IndirectTables = DescriptorTable + 0xc000;
        bench.Memory.WriteBytes(DescriptorTable, new byte[0x1_0000]);

        for (int i = 0; i < size; i++)
        {
            _free.Enqueue((ushort)i);
        }
    }

    public int Index { get; }

    public int Size { get; }

    public ulong DescriptorTable { get; }

    public ulong AvailableRing { get; }

    public ulong UsedRing { get; }

    public ulong IndirectTables { get; }

    public ushort AvailableIndex => _available;

    public ushort DeviceUsedIndex => (ushort)_bench.Memory.Read(UsedRing + 2, 2);

    /// <summary>Where the device asks to be notified (event index).</summary>
    public ushort AvailableEvent => (ushort)_bench.Memory.Read(UsedRing + 4 + (8UL * (ulong)Size), 2);

    public void WriteDescriptor(ulong table, int index, ulong guestPhysical, uint byteCount, ushort flags, ushort next)
    {
        ulong at = table + (16UL * (ulong)index);
        _bench.Memory.Write(at, 8, guestPhysical);
        _bench.Memory.Write(at + 8, 4, byteCount);
        _bench.Memory.Write(at + 12, 2, flags);
        _bench.Memory.Write(at + 14, 2, next);
    }

    /// <summary>Makes a request of direct descriptors available.</summary>
    public ushort Add(params GuestBuffer[] buffers)
    {
        List<ushort> indices = [];
        foreach (GuestBuffer _ in buffers)
        {
            indices.Add(_free.Dequeue());
        }

        for (int i = 0; i < buffers.Length; i++)
        {
            bool isLast = i == buffers.Length - 1;
            int flags = (isLast ? 0 : 1) | (buffers[i].IsWritable ? 2 : 0);
            WriteDescriptor(DescriptorTable, indices[i], buffers[i].GuestPhysical, buffers[i].ByteCount, (ushort)flags, isLast ? (ushort)0 : indices[i + 1]);
        }

        _chains[indices[0]] = indices;
        Publish(indices[0]);
        return indices[0];
    }

    /// <summary>Makes a request of one indirect descriptor available.</summary>
    public ushort AddIndirect(params GuestBuffer[] buffers)
    {
        ushort head = _free.Dequeue();
        ulong table = IndirectTables;
        for (int i = 0; i < buffers.Length; i++)
        {
            bool isLast = i == buffers.Length - 1;
            WriteDescriptor(table, i, buffers[i].GuestPhysical, buffers[i].ByteCount, (ushort)((isLast ? 0 : 1) | (buffers[i].IsWritable ? 2 : 0)), (ushort)(i + 1));
        }

        WriteDescriptor(DescriptorTable, head, table, (uint)buffers.Length * 16, 4, 0);
        _chains[head] = [head];
        Publish(head);
        return head;
    }

    /// <summary>Puts a head into the available ring, whatever the descriptors say.</summary>
    public void Publish(ushort head)
    {
        _bench.Memory.Write(AvailableRing + 4 + (2UL * (ulong)(_available % Size)), 2, head);
        _available++;
        _bench.Memory.Write(AvailableRing + 2, 2, _available);
    }

    public void SetAvailableIndex(ushort value)
    {
        _available = value;
        _bench.Memory.Write(AvailableRing + 2, 2, value);
    }

    /// <summary>Fills the available ring with heads that mostly exist.</summary>
    public void ScribbleAvailable(Random random)
    {
        for (int i = 0; i < Size; i++)
        {
            _bench.Memory.Write(AvailableRing + 4 + (2UL * (ulong)i), 2, (ulong)(random.Next(32) == 0 ? random.Next(0x1_0000) : random.Next(Size)));
        }
    }

    /// <summary>"Do not interrupt me" by flag.</summary>
    public void SetNoInterrupt(bool value) => _bench.Memory.Write(AvailableRing, 2, value ? 1u : 0u);

    /// <summary>"Interrupt me when the used index passes this one" (event index).</summary>
    public void SetUsedEvent(ushort value) => _bench.Memory.Write(AvailableRing + 4 + (2UL * (ulong)Size), 2, value);

    /// <summary>Takes the next returned request.</summary>
    public bool TryTake(out ushort head, out uint writtenByteCount)
    {
        head = 0;
        writtenByteCount = 0;
        if (DeviceUsedIndex == _used)
        {
            return false;
        }

        ulong element = UsedRing + 4 + (8UL * (ulong)(_used % Size));
        head = (ushort)_bench.Memory.Read(element, 4);
        writtenByteCount = (uint)_bench.Memory.Read(element + 4, 4);
        _used++;
        foreach (ushort index in _chains[head])
        {
            _free.Enqueue(index);
        }

        _chains.Remove(head);
        if (_usesEventIndex)
        {
            SetUsedEvent(_used);
        }

        return true;
    }

    /// <summary>The same driver, seeing the same rings in a restored machine.</summary>
    public GuestQueue MoveTo(VirtioBench bench) => new(bench, this);

    private GuestQueue(VirtioBench bench, GuestQueue other)
    {
        _bench = bench;
        _usesEventIndex = other._usesEventIndex;
        _free = other._free;
        _chains = other._chains;
        _available = other._available;
        _used = other._used;
        Index = other.Index;
        Size = other.Size;
        DescriptorTable = other.DescriptorTable;
        AvailableRing = other.AvailableRing;
        UsedRing = other.UsedRing;
        IndirectTables = other.IndirectTables;
    }
}
