using System;
using System.Buffers.Binary;
using System.Threading;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Virtio;

/// <summary>
/// The device's side of one split virtqueue (virtio 1.1, section 2.6). The rings are the guest's memory and are not trusted: every
/// index, length and address is checked when it is used, and anything impossible stops the device until the driver resets it.
/// </summary>
public sealed class VirtQueue
{
    private const int DescriptorByteCount = 16;
    private const ushort DescriptorFlagNext = 1;
    private const ushort DescriptorFlagWrite = 2;
    private const ushort DescriptorFlagIndirect = 4;
    private const ushort AvailableFlagNoInterrupt = 1;

    private readonly VirtioDevice _device;
    private readonly MemoryBus _memory;
    private ulong _descriptorTable;
    private ulong _availableRing;
    private ulong _usedRing;
    private ushort _nextAvailable;
    private ushort _nextUsed;
    private ushort _signalledUsed;

    internal VirtQueue(VirtioDevice device, MemoryBus memory, int index, ushort maxSize)
    {
        _device = device;
        _memory = memory;
        Index = index;
        MaxSize = maxSize;
        Size = maxSize;
    }

    /// <summary>The queue's number in its device.</summary>
    public int Index { get; }

    /// <summary>The largest size, in descriptors, that the driver may choose; a power of two.</summary>
    public ushort MaxSize { get; }

    /// <summary>The size in descriptors; a power of two.</summary>
    public ushort Size { get; private set; }

    /// <summary>True when the driver has enabled the queue.</summary>
    public bool IsEnabled { get; private set; }

    /// <summary>Guest physical address of the descriptor table.</summary>
    public ulong DescriptorTable => _descriptorTable;

    /// <summary>Guest physical address of the available ring (the driver area).</summary>
    public ulong AvailableRing => _availableRing;

    /// <summary>Guest physical address of the used ring (the device area).</summary>
    public ulong UsedRing => _usedRing;

    /// <summary>Sets the size before the queue is enabled.</summary>
    public void SetSize(uint size)
    {
        if (IsEnabled || size == 0 || size > MaxSize || (size & (size - 1)) != 0)
        {
            _device.ReportMisuse("illegal queue size, or size of an enabled queue", size);
            return;
        }

        Size = (ushort)size;
    }

    /// <summary>Reads one half of an area's address.</summary>
    public uint AddressHalf(VirtQueueArea area, bool isHigh) => (uint)(Address(area) >> (isHigh ? 32 : 0));

    /// <summary>Sets one half of an area's address before the queue is enabled.</summary>
    public void SetAddressHalf(VirtQueueArea area, bool isHigh, uint half)
    {
        if (IsEnabled)
        {
            _device.ReportMisuse("address of an enabled queue written", (ulong)Index);
            return;
        }

        ref ulong address = ref Address(area);
        address = isHigh ? (uint)address | ((ulong)half << 32) : (address & 0xffff_ffff_0000_0000) | half;
    }

    /// <summary>Enables the queue, or (MMIO only) disables it and forgets its position.</summary>
    public void SetEnabled(bool enabled)
    {
        if (!enabled)
        {
            IsEnabled = false;
            ForgetPosition();
            return;
        }

        if (DescriptorTable % 16 != 0 || AvailableRing % 2 != 0 || UsedRing % 4 != 0)
        {
            _device.Break("queue enabled with misaligned rings", DescriptorTable);
            return;
        }

        if (!IsEnabled)
        {
            ForgetPosition();
            IsEnabled = true;
        }
    }

    /// <summary>Takes the next request that the driver has made available.</summary>
    /// <param name="chain">Receives its buffers.</param>
    /// <returns>False when there is none; the driver will then notify the device of the next one.</returns>
    public bool TryPop(DescriptorChain chain)
    {
        if (!IsEnabled || !_device.IsRunning || !TryReadAvailableIndex(out ushort available))
        {
            return false;
        }

        if (available == _nextAvailable)
        {
            if (!_device.UsesEventIndex)
            {
                return false;
            }

            // Ask for a notification of the next request, then look again: the driver may have added it before it saw the wish.
            if (!TryWriteUInt16(UsedRing + 4 + (8UL * Size), _nextAvailable))
            {
                return false;
            }

            Thread.MemoryBarrier();
            if (!TryReadAvailableIndex(out available) || available == _nextAvailable)
            {
                return false;
            }
        }

        if ((ushort)(available - _nextAvailable) > Size)
        {
            _device.Break("available index runs ahead of the ring", available);
            return false;
        }

        if (!TryReadUInt16(AvailableRing + 4 + (2UL * (uint)(_nextAvailable & (Size - 1))), out ushort head) || !TryFetch(chain, head))
        {
            return false;
        }

        _nextAvailable++;
        return true;
    }

    /// <summary>Gives back the requests that were taken last and not returned: they will be taken again.</summary>
    /// <param name="count">How many.</param>
    public void GiveBack(int count) => _nextAvailable -= (ushort)count;

    /// <summary>Collects the buffers of a request that was taken earlier and not yet returned.</summary>
    /// <param name="chain">Receives the buffers.</param>
    /// <param name="head">The request's first descriptor.</param>
    /// <returns>False when the descriptors make no sense (any more).</returns>
    public bool TryFetch(DescriptorChain chain, ushort head)
    {
        chain.Begin(head);
        ulong table = DescriptorTable;
        uint entryCount = Size;
        uint index = head;
        bool isIndirect = false;
        for (int visited = 0; visited <= DescriptorChain.MaxDescriptors; visited++)
        {
            if (index >= entryCount)
            {
                _device.Break("descriptor index outside its table", index);
                return false;
            }

            ulong descriptorAddress = table + (index * (ulong)DescriptorByteCount);
            ReadOnlySpan<byte> descriptor = _memory.RamSpan(descriptorAddress, DescriptorByteCount, out _);
            if (descriptor.IsEmpty)
            {
                _device.Break("descriptor outside RAM", descriptorAddress);
                return false;
            }

            ulong guestPhysical = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
            uint byteCount = BinaryPrimitives.ReadUInt32LittleEndian(descriptor[8..]);
            ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[12..]);
            if ((flags & DescriptorFlagIndirect) != 0)
            {
                bool isLegal = !isIndirect && _device.UsesIndirectDescriptors && (flags & DescriptorFlagNext) == 0
                    && byteCount != 0 && byteCount % DescriptorByteCount == 0;
                if (!isLegal)
                {
                    _device.Break("illegal indirect descriptor", descriptorAddress);
                    return false;
                }

                isIndirect = true;
                table = guestPhysical;
                entryCount = byteCount / DescriptorByteCount;
                index = 0;
                continue;
            }

            if (visited == DescriptorChain.MaxDescriptors)
            {
                break;
            }

            if (!chain.TryAdd(guestPhysical, byteCount, (flags & DescriptorFlagWrite) != 0))
            {
                _device.Break("device-readable buffer after a device-writable one", descriptorAddress);
                return false;
            }

            if ((flags & DescriptorFlagNext) == 0)
            {
                return true;
            }

            index = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[14..]);
        }

        _device.Break("descriptor chain loops or is too long", head);
        return false;
    }

    /// <summary>Returns a request to the driver. <see cref="Signal"/> tells the driver.</summary>
    /// <param name="head">The request's first descriptor.</param>
    /// <param name="writtenByteCount">How many bytes at the start of the device-writable part were written.</param>
    public void Push(ushort head, uint writtenByteCount)
    {
        if (!IsEnabled || !_device.IsRunning)
        {
            return;
        }

        ulong element = UsedRing + 4 + (8UL * (uint)(_nextUsed & (Size - 1)));
        Span<byte> span = _memory.RamSpan(element, 8, out ulong ramOffset);
        if (span.IsEmpty)
        {
            _device.Break("used ring outside RAM", element);
            return;
        }

        _memory.Ram.BeforeWrite(ramOffset, 8);
        BinaryPrimitives.WriteUInt32LittleEndian(span, head);
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], writtenByteCount);
        _memory.Ram.AfterWrite(ramOffset, 8);
        // The element must be visible before the index that announces it; x86 keeps the order of stores.
        Volatile.WriteBarrier();
        if (TryWriteUInt16(UsedRing + 2, (ushort)(_nextUsed + 1)))
        {
            _nextUsed++;
        }
    }

    /// <summary>Interrupts the driver if requests were returned since the last call and it wants to hear of them.</summary>
    public void Signal()
    {
        if (_nextUsed == _signalledUsed || !IsEnabled || !_device.IsRunning)
        {
            return;
        }

        // The driver publishes its wish, then looks at the used index; here it is the other way round.
        Thread.MemoryBarrier();
        ushort before = _signalledUsed;
        _signalledUsed = _nextUsed;
        bool wanted;
        if (_device.UsesEventIndex)
        {
            if (!TryReadUInt16(AvailableRing + 4 + (2UL * Size), out ushort usedEvent))
            {
                return;
            }

            // Virtio 1.1, section 2.6.7.2: the index moved past the one that the driver named.
            wanted = (ushort)(_nextUsed - usedEvent - 1) < (ushort)(_nextUsed - before);
        }
        else
        {
            if (!TryReadUInt16(AvailableRing, out ushort flags))
            {
                return;
            }

            wanted = (flags & AvailableFlagNoInterrupt) == 0;
        }

        if (wanted)
        {
            _device.Transport?.RaiseQueueInterrupt(Index);
        }
    }

    internal void Reset()
    {
        IsEnabled = false;
        Size = MaxSize;
        _descriptorTable = 0;
        _availableRing = 0;
        _usedRing = 0;
        ForgetPosition();
    }

    internal void Save(SnapshotWriter writer)
    {
        string prefix = $"queue{Index}.";
        writer.Write(prefix + "size", Size);
        writer.Write(prefix + "enabled", IsEnabled);
        writer.Write(prefix + "descriptorTable", DescriptorTable);
        writer.Write(prefix + "availableRing", AvailableRing);
        writer.Write(prefix + "usedRing", UsedRing);
        writer.Write(prefix + "nextAvailable", _nextAvailable);
        writer.Write(prefix + "nextUsed", _nextUsed);
        writer.Write(prefix + "signalledUsed", _signalledUsed);
    }

    internal void Restore(SnapshotReader reader)
    {
        string prefix = $"queue{Index}.";
        Size = reader.ReadUInt16(prefix + "size");
        IsEnabled = reader.ReadBoolean(prefix + "enabled");
        _descriptorTable = reader.ReadUInt64(prefix + "descriptorTable");
        _availableRing = reader.ReadUInt64(prefix + "availableRing");
        _usedRing = reader.ReadUInt64(prefix + "usedRing");
        _nextAvailable = reader.ReadUInt16(prefix + "nextAvailable");
        _nextUsed = reader.ReadUInt16(prefix + "nextUsed");
        _signalledUsed = reader.ReadUInt16(prefix + "signalledUsed");
    }

    private ref ulong Address(VirtQueueArea area)
    {
        switch (area)
        {
            case VirtQueueArea.DescriptorTable:
                return ref _descriptorTable;
            case VirtQueueArea.AvailableRing:
                return ref _availableRing;
            default:
                return ref _usedRing;
        }
    }

    private void ForgetPosition()
    {
        _nextAvailable = 0;
        _nextUsed = 0;
        _signalledUsed = 0;
    }

    private bool TryReadAvailableIndex(out ushort value)
    {
        bool complete = TryReadUInt16(AvailableRing + 2, out value);
        // The index must be read before the entries that it announces; x86 keeps the order of loads.
        Volatile.ReadBarrier();
        return complete;
    }

    private bool TryReadUInt16(ulong guestPhysical, out ushort value)
    {
        ReadOnlySpan<byte> span = _memory.RamSpan(guestPhysical, 2, out _);
        if (span.IsEmpty)
        {
            value = 0;
            _device.Break("available ring outside RAM", guestPhysical);
            return false;
        }

        value = BinaryPrimitives.ReadUInt16LittleEndian(span);
        return true;
    }

    private bool TryWriteUInt16(ulong guestPhysical, ushort value)
    {
        Span<byte> span = _memory.RamSpan(guestPhysical, 2, out ulong ramOffset);
        if (span.IsEmpty)
        {
            _device.Break("used ring outside RAM", guestPhysical);
            return false;
        }

        _memory.Ram.BeforeWrite(ramOffset, 2);
        BinaryPrimitives.WriteUInt16LittleEndian(span, value);
        _memory.Ram.AfterWrite(ramOffset, 2);
        return true;
    }
}
