using System;
using System.Collections.Generic;
using System.Threading;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Memory;

namespace Sosia.Core.Buses;

/// <summary>
/// The guest physical address space: where RAM, ROM and device registers lie. RAM slots may not overlap each other, nor devices each
/// other; a device lies over RAM (as the VGA window and MSI range do). A read that nobody claims floats to all ones.
/// </summary>
public sealed unsafe class MemoryBus
{
    private readonly List<IMemoryMapObserver> _observers = [];
    private readonly DiagnosticLog _log;
    private RamSlot[] _slots = [];
    private DeviceRange[] _devices = [];

    /// <summary>Creates an address space with nothing in it.</summary>
    /// <param name="ram">The machine's RAM; slots name parts of it.</param>
    /// <param name="log">Where unclaimed accesses are reported.</param>
    public MemoryBus(GuestRam ram, DiagnosticLog log)
    {
        Ram = ram;
        _log = log;
    }

    /// <summary>The machine's RAM.</summary>
    public GuestRam Ram { get; }

    /// <summary>The threads that use it.</summary>
    public VcpuThreads Threads { get; } = new();

    /// <summary>How many accesses reached no device and no RAM.</summary>
    public long UnclaimedAccesses { get; private set; }

    /// <summary>How many accesses reached a device.</summary>
    public long DeviceAccesses { get; private set; }

    /// <summary>Set to see every device access (the --trace io option); null otherwise.</summary>
    public IBusTrace? Trace { get; set; }

    /// <summary>Registers someone who caches translations.</summary>
    public void AddObserver(IMemoryMapObserver observer) => _observers.Add(observer);

    /// <summary>Makes a part of RAM appear at a guest physical address.</summary>
    /// <param name="guestPhysical">Where; page-aligned.</param>
    /// <param name="ramOffset">Which part of RAM; page-aligned.</param>
    /// <param name="byteCount">How much; a multiple of 4096.</param>
    /// <param name="readOnly">True for ROM: guest writes are dropped and counted.</param>
    /// <param name="tracksWrites">True when somebody uses <see cref="RamPageFlags.CleanTracked"/> on its pages.</param>
    /// <exception cref="InvalidOperationException">The slot overlaps another one, or is not aligned.</exception>
    public void MapRam(ulong guestPhysical, ulong ramOffset, ulong byteCount, bool readOnly = false, bool tracksWrites = false)
    {
        if (((guestPhysical | ramOffset | byteCount) % GuestRam.PageSize) != 0 || byteCount == 0 || ramOffset + byteCount > Ram.ByteCount)
        {
            throw new InvalidOperationException($"RAM slot 0x{guestPhysical:x}+0x{byteCount:x} is misaligned or leaves RAM.");
        }

        foreach (RamSlot slot in _slots)
        {
            if (guestPhysical < slot.GuestPhysical + slot.ByteCount && slot.GuestPhysical < guestPhysical + byteCount)
            {
                throw new InvalidOperationException($"RAM slot 0x{guestPhysical:x}+0x{byteCount:x} overlaps another at 0x{slot.GuestPhysical:x}.");
            }
        }

        RamSlot[] slots = [.. _slots, new RamSlot(guestPhysical, byteCount, ramOffset, readOnly, tracksWrites)];
        Array.Sort(slots, static (a, b) => a.GuestPhysical.CompareTo(b.GuestPhysical));
        _slots = slots;
        NotifyMapChanged();
    }

    /// <summary>Takes away the RAM slots that lie wholly within a range.</summary>
    public void UnmapRam(ulong guestPhysical, ulong byteCount)
    {
        _slots = Array.FindAll(_slots, s => s.GuestPhysical < guestPhysical || s.GuestPhysical + s.ByteCount > guestPhysical + byteCount);
        NotifyMapChanged();
    }

    /// <summary>Makes a device answer to a range of guest physical addresses.</summary>
    /// <exception cref="InvalidOperationException">The range overlaps another device's, or wraps.</exception>
    public void MapDevice(ulong guestPhysical, ulong byteCount, IMmioDevice device, string name)
    {
        if (byteCount == 0 || guestPhysical + byteCount < guestPhysical)
        {
            throw new InvalidOperationException($"Device {name}: the range 0x{guestPhysical:x}+0x{byteCount:x} is empty or wraps.");
        }

        foreach (DeviceRange other in _devices)
        {
            if (guestPhysical < other.GuestPhysical + other.ByteCount && other.GuestPhysical < guestPhysical + byteCount)
            {
                throw new InvalidOperationException($"Device {name} at 0x{guestPhysical:x} overlaps {other.Name} at 0x{other.GuestPhysical:x}.");
            }
        }

        DeviceRange[] devices = [.. _devices, new DeviceRange(guestPhysical, byteCount, device, name)];
        Array.Sort(devices, static (a, b) => a.GuestPhysical.CompareTo(b.GuestPhysical));
        _devices = devices;
        NotifyMapChanged();
    }

    /// <summary>True when no device answers to any part of the range.</summary>
    public bool IsFreeOfDevices(ulong guestPhysical, ulong byteCount)
        => !Array.Exists(_devices, d => guestPhysical < d.GuestPhysical + d.ByteCount && d.GuestPhysical < guestPhysical + byteCount);

    /// <summary>Removes all ranges of a device that start at the given address.</summary>
    public void UnmapDevice(ulong guestPhysical, IMmioDevice device)
    {
        _devices = Array.FindAll(_devices, d => d.GuestPhysical != guestPhysical || !ReferenceEquals(d.Device, device));
        NotifyMapChanged();
    }

    /// <summary>
    /// Finds the RAM page behind a guest physical address, for filling a TLB.
    /// </summary>
    /// <param name="guestPhysical">Any address in the page.</param>
    /// <param name="ramPageIndex">The page's index in RAM.</param>
    /// <param name="readOnly">True for ROM.</param>
    /// <returns>The host address of the page's first byte; null when the page is (even partly) device space or empty.</returns>
    public byte* FindRamPage(ulong guestPhysical, out ulong ramPageIndex, out bool readOnly)
    {
        ulong page = guestPhysical & ~(ulong)(GuestRam.PageSize - 1);
        ramPageIndex = 0;
        readOnly = false;
        foreach (DeviceRange range in _devices)
        {
            if (page < range.GuestPhysical + range.ByteCount && range.GuestPhysical < page + GuestRam.PageSize)
            {
                return null;
            }
        }

        foreach (RamSlot slot in _slots)
        {
            if (page - slot.GuestPhysical < slot.ByteCount)
            {
                ulong offset = slot.RamOffset + (page - slot.GuestPhysical);
                ramPageIndex = offset / GuestRam.PageSize;
                readOnly = slot.ReadOnly;
                return Ram.HostBase + offset;
            }
        }

        return null;
    }

    /// <summary>Marks a RAM page (for example as holding code) and withdraws everybody's fast write permission for it.</summary>
    /// <returns>True when the page had no such flag before.</returns>
    public bool SetRamPageFlags(ulong ramPageIndex, RamPageFlags flags)
    {
        RamPageFlags before = Ram.AddPageFlags(ramPageIndex, flags);
        if ((before & RamPageFlags.WriteSlow) == 0 && (flags & RamPageFlags.WriteSlow) != 0)
        {
            // The flags first: who makes an entry from now on sees them, who has made one before is found.
            Thread.MemoryBarrier();
            for (int i = 0; i < _observers.Count; i++)
            {
                _observers[i].WriteProtectRamPage(ramPageIndex);
            }
        }

        return (before & flags) != flags;
    }

    /// <summary>
    /// Finds out which pages were written since the call before, and watches for further writes: for who copies what has changed. Only while
    /// no processor executes, or under the lock of the devices. Pages that nobody asks for again cost one slow write each, once.
    /// </summary>
    /// <param name="firstRamPage">The first page: offset in guest RAM divided by 4096.</param>
    /// <param name="written">One for each page: set to true if it was written, or was not watched before; otherwise left as it is.</param>
    public void TrackWrites(ulong firstRamPage, Span<bool> written)
    {
        Ram.CollectWrites?.Invoke();
        int first = -1;
        int last = -1;
        for (int i = 0; i < written.Length; i++)
        {
            ulong page = firstRamPage + (ulong)i;
            if ((Ram.PageFlags[page] & (byte)RamPageFlags.CleanTracked) == 0)
            {
                written[i] = true;
                Ram.AddPageFlags(page, RamPageFlags.CleanTracked);
                first = first < 0 ? i : first;
                last = i;
            }
        }

        if (first < 0)
        {
            return;
        }

        // As in SetRamPageFlags; and a store that was decided before is made before the caller looks at the pages.
        Thread.MemoryBarrier();
        for (int i = 0; i < _observers.Count; i++)
        {
            _observers[i].WriteProtectRamPages(firstRamPage + (ulong)first, (ulong)(last - first + 1));
        }

        Threads.WaitForOthers();
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes of RAM, ROM or device space; little-endian.</summary>
    public ulong Read(ulong guestPhysical, int byteCount)
    {
        DeviceRange? range = FindDevice(guestPhysical);
        if (range is not null && guestPhysical + (ulong)byteCount <= range.GuestPhysical + range.ByteCount)
        {
            using MachineLock.Holder held = Threads.Devices.Enter();
            DeviceAccesses++;
            ulong value = range.Device.ReadMmio(guestPhysical - range.GuestPhysical, byteCount);
            value &= ulong.MaxValue >> (64 - (8 * byteCount));
            Trace?.MmioRead(guestPhysical, byteCount, value, range.Name);
            return value;
        }

        ulong offset = FindRam(guestPhysical, byteCount, out _);
        if (range is null && offset != NoRam)
        {
            ulong value = 0;
            // SAFETY: FindRam checked that the bytes lie within RAM; little-endian host (x86-64).
            Buffer.MemoryCopy(Ram.HostBase + offset, &value, 8, byteCount);
            return value;
        }

        return ReadByBytes(guestPhysical, byteCount);
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes to RAM or device space; little-endian. Writes to ROM are dropped.</summary>
    public void Write(ulong guestPhysical, int byteCount, ulong value)
    {
        DeviceRange? range = FindDevice(guestPhysical);
        if (range is not null && guestPhysical + (ulong)byteCount <= range.GuestPhysical + range.ByteCount)
        {
            using MachineLock.Holder held = Threads.Devices.Enter();
            DeviceAccesses++;
            Trace?.MmioWrite(guestPhysical, byteCount, value, range.Name);
            range.Device.WriteMmio(guestPhysical - range.GuestPhysical, byteCount, value);
            return;
        }

        ulong offset = FindRam(guestPhysical, byteCount, out bool readOnly);
        if (range is null && offset != NoRam)
        {
            if (!readOnly)
            {
                Ram.BeforeWrite(offset, byteCount);
                // SAFETY: FindRam checked that the bytes lie within RAM; little-endian host (x86-64).
                Buffer.MemoryCopy(&value, Ram.HostBase + offset, byteCount, byteCount);
                Ram.AfterWrite(offset, byteCount);
            }

            return;
        }

        WriteByBytes(guestPhysical, byteCount, value);
    }

    /// <summary>Reads a run of bytes as a bus master does: RAM only; bytes outside RAM read as 0xff.</summary>
    /// <returns>False when any byte lay outside RAM.</returns>
    public bool ReadBytes(ulong guestPhysical, Span<byte> destination)
    {
        bool complete = true;
        while (!destination.IsEmpty)
        {
            int chunk = (int)Math.Min((ulong)destination.Length, GuestRam.PageSize - (guestPhysical % GuestRam.PageSize));
            ulong offset = FindRam(guestPhysical, chunk, out _);
            if (offset == NoRam)
            {
                destination[..chunk].Fill(0xff);
                complete = false;
            }
            else
            {
                Ram.Read(offset, destination[..chunk]);
            }

            destination = destination[chunk..];
            guestPhysical += (ulong)chunk;
        }

        return complete;
    }

    /// <summary>Writes a run of bytes as a bus master does: RAM only; bytes outside RAM and in ROM are dropped.</summary>
    /// <returns>False when any byte lay outside RAM.</returns>
    public bool WriteBytes(ulong guestPhysical, ReadOnlySpan<byte> data)
    {
        bool complete = true;
        while (!data.IsEmpty)
        {
            int chunk = (int)Math.Min((ulong)data.Length, GuestRam.PageSize - (guestPhysical % GuestRam.PageSize));
            ulong offset = FindRam(guestPhysical, chunk, out bool readOnly);
            if (offset == NoRam || readOnly)
            {
                complete = false;
            }
            else
            {
                Ram.Write(offset, data[..chunk]);
            }

            data = data[chunk..];
            guestPhysical += (ulong)chunk;
        }

        return complete;
    }

    /// <summary>
    /// The host memory behind a run of guest RAM, for bus masters that move large blocks (disk I/O) without a copy.
    /// </summary>
    /// <returns>An empty span unless the whole run lies in one writable RAM slot. A writer must call <see cref="GuestRam.BeforeWrite"/> first.</returns>
    public Span<byte> RamSpan(ulong guestPhysical, int byteCount, out ulong ramOffset)
    {
        ramOffset = FindRam(guestPhysical, byteCount, out bool readOnly);
        // SAFETY: FindRam checked that the bytes lie within RAM, which lives as long as the machine.
        return ramOffset == NoRam || readOnly ? [] : new Span<byte>(Ram.HostBase + ramOffset, byteCount);
    }

    /// <summary>The devices and their ranges, in address order.</summary>
    public IEnumerable<(ulong GuestPhysical, ulong ByteCount, string Name)> DescribeDevices()
    {
        foreach (DeviceRange range in _devices)
        {
            yield return (range.GuestPhysical, range.ByteCount, range.Name);
        }
    }

    /// <summary>The devices that have doorbells, and where their ranges begin.</summary>
    public IEnumerable<(ulong GuestPhysical, IDoorbellDevice Device)> DescribeDoorbells()
    {
        foreach (DeviceRange range in _devices)
        {
            if (range.Device is IDoorbellDevice device)
            {
                yield return (range.GuestPhysical, device);
            }
        }
    }

    /// <summary>The RAM and ROM slots in address order.</summary>
    public IEnumerable<RamRange> DescribeRam()
    {
        foreach (RamSlot slot in _slots)
        {
            yield return new RamRange(slot.GuestPhysical, slot.ByteCount, slot.RamOffset, slot.ReadOnly, slot.TracksWrites);
        }
    }

    private const ulong NoRam = ulong.MaxValue;

    private ulong FindRam(ulong guestPhysical, int byteCount, out bool readOnly)
    {
        foreach (RamSlot slot in _slots)
        {
            ulong offset = guestPhysical - slot.GuestPhysical;
            if (offset < slot.ByteCount && (ulong)byteCount <= slot.ByteCount - offset)
            {
                readOnly = slot.ReadOnly;
                return slot.RamOffset + offset;
            }
        }

        readOnly = false;
        return NoRam;
    }

    private DeviceRange? FindDevice(ulong guestPhysical)
    {
        DeviceRange[] devices = _devices;
        int low = 0;
        int high = devices.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            DeviceRange range = devices[middle];
            if (guestPhysical < range.GuestPhysical)
            {
                high = middle - 1;
            }
            else if (guestPhysical - range.GuestPhysical >= range.ByteCount)
            {
                low = middle + 1;
            }
            else
            {
                return range;
            }
        }

        return null;
    }

    // Accesses that straddle two regions, or that nobody claims.
    private ulong ReadByBytes(ulong guestPhysical, int byteCount)
    {
        if (byteCount == 1)
        {
            using MachineLock.Holder held = Threads.Devices.Enter();
            UnclaimedAccesses++;
            _log.UnclaimedAddress(guestPhysical, byteCount, isWrite: false);
            return 0xff;
        }

        ulong value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            value |= Read(guestPhysical + (ulong)i, 1) << (8 * i);
        }

        return value;
    }

    private void WriteByBytes(ulong guestPhysical, int byteCount, ulong value)
    {
        if (byteCount == 1)
        {
            using MachineLock.Holder held = Threads.Devices.Enter();
            UnclaimedAccesses++;
            _log.UnclaimedAddress(guestPhysical, byteCount, isWrite: true);
            return;
        }

        for (int i = 0; i < byteCount; i++)
        {
            Write(guestPhysical + (ulong)i, 1, (byte)(value >> (8 * i)));
        }
    }

    private void NotifyMapChanged()
    {
        for (int i = 0; i < _observers.Count; i++)
        {
            _observers[i].MemoryMapChanged();
        }
    }

    private sealed record DeviceRange(ulong GuestPhysical, ulong ByteCount, IMmioDevice Device, string Name);

    private sealed record RamSlot(ulong GuestPhysical, ulong ByteCount, ulong RamOffset, bool ReadOnly, bool TracksWrites);
}
