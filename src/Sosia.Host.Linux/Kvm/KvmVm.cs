using System;
using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>A virtual machine of KVM's: memory slots, interrupt controllers, clock.</summary>
public sealed unsafe class KvmVm : KvmDescriptor
{
    private const uint LogDirtyPages = 1;
    private const uint ReadOnly = 2;
    private const uint DeassignIrqFd = 1;
    private const uint IoEventFdDataMatch = 1;
    private const uint IoEventFdPort = 2;
    private const uint IoEventFdDeassign = 4;
    private const int MaxFilterRanges = 16;

    private readonly int _vcpuMappingByteCount;

    internal KvmVm(int fileDescriptor, int vcpuMappingByteCount)
        : base(fileDescriptor)
    {
        _vcpuMappingByteCount = vcpuMappingByteCount;
    }

    /// <summary>Asks what this virtual machine can do, which may be less than the system.</summary>
    public int Check(KvmCapability capability) => Math.Max(0, TryAsk(KvmRequest.CheckExtension, (nint)capability));

    /// <summary>Switches a capability on.</summary>
    /// <returns>0, or the error number.</returns>
    public int TryEnable(KvmCapability capability, ulong argument)
        => TryGive(0xa3, new EnableCapability { Capability = (uint)capability, Argument0 = argument });

    /// <summary>Three pages of guest physical addresses below 4 GiB for KVM's own use with Intel processors that lack real mode.</summary>
    public void SetTssAddress(ulong guestPhysical) => Ask(KvmRequest.SetTssAddress, (nint)guestPhysical);

    /// <summary>One more such page, for an identity map.</summary>
    public void SetIdentityMapAddress(ulong guestPhysical) => Ask(KvmRequest.SetIdentityMapAddress, (nint)(&guestPhysical));

    /// <summary>Makes, moves or (with no bytes) removes a memory slot.</summary>
    /// <param name="slot">The slot's number.</param>
    /// <param name="guestPhysical">Where the guest sees it; page-aligned.</param>
    /// <param name="byteCount">Its size; 0 removes it.</param>
    /// <param name="hostVirtual">Where it lies in this process; must stay mapped while the slot exists.</param>
    /// <param name="isReadOnly">True: writes are exits.</param>
    /// <param name="logsDirtyPages">True: <see cref="GetDirtyLog"/> tells which pages were written.</param>
    /// <exception cref="Win32Exception">The kernel refuses; carries errno.</exception>
    public void SetMemory(int slot, ulong guestPhysical, ulong byteCount, byte* hostVirtual, bool isReadOnly, bool logsDirtyPages)
        => Give(0x46, new KvmMemoryRegion
        {
            Slot = (uint)slot,
            Flags = (isReadOnly ? ReadOnly : 0) | (logsDirtyPages ? LogDirtyPages : 0),
            GuestPhysical = guestPhysical,
            ByteCount = byteCount,
            HostVirtual = (ulong)hostVirtual,
        });

    /// <summary>Takes which pages of a slot were written since the last call, a bit per page.</summary>
    public void GetDirtyLog(int slot, Span<ulong> bitmap)
    {
        fixed (ulong* bits = bitmap)
        {
            var log = new DirtyLog { Slot = (uint)slot, Bitmap = bits };
            // SAFETY: the kernel writes a bit per page of the slot, rounded up to 64; the caller gives room for all of them.
            Ask(KvmRequest.GetDirtyLog, (nint)(&log));
        }
    }

    /// <summary>Creates 8259As, I/O APIC and, for processors created from now on, local APICs in the kernel.</summary>
    public void CreateIrqChip() => Ask(KvmRequest.CreateIrqChip);

    /// <summary>Creates the interval timer in the kernel, with port 61h.</summary>
    public void CreatePit() => Give(0x77, new PitConfig { Flags = 1 });

    /// <summary>Drives an interrupt number's wire, with interrupt controllers in the kernel.</summary>
    public void SetIrqLine(uint gsi, bool asserted) => Give(0x61, new IrqLevel { Gsi = gsi, Level = asserted ? 1u : 0 });

    /// <summary>Sends a message-signalled interrupt to local APICs in the kernel.</summary>
    /// <returns>True when one took it.</returns>
    public bool SignalMsi(ulong address, uint data)
    {
        var message = new Msi { AddressLow = (uint)address, AddressHigh = (uint)(address >> 32), Data = data };
        // SAFETY: the kernel reads the structure.
        return TryAsk(KvmRequest.ReadsFromUser<Msi>(0xa5), (nint)(&message)) > 0;
    }

    /// <summary>Replaces all routes of interrupt numbers.</summary>
    public void SetRouting(ReadOnlySpan<KvmRoute> routes)
    {
        byte[] buffer = new byte[8 + (routes.Length * sizeof(KvmRoute))];
        fixed (byte* pointer = buffer)
        {
            // SAFETY: the head says how many entries follow it.
            *(uint*)pointer = (uint)routes.Length;
            routes.CopyTo(new Span<KvmRoute>(pointer + 8, routes.Length));
            Ask(KvmRequest.SetGsiRouting, (nint)pointer);
        }
    }

    /// <summary>Makes a signal of an eventfd an edge on an interrupt number, or ends that.</summary>
    /// <returns>0, or the error number.</returns>
    public int TrySetIrqFd(int eventFd, uint gsi, bool isAssigned)
        => TryGive(0x76, new IrqFd { FileDescriptor = eventFd, Gsi = gsi, Flags = isAssigned ? 0 : DeassignIrqFd });

    /// <summary>Makes a guest's write signal an eventfd instead of an exit, or ends that.</summary>
    /// <param name="eventFd">What is signalled.</param>
    /// <param name="address">The guest physical address or port.</param>
    /// <param name="byteCount">The width of the write.</param>
    /// <param name="value">The only value that counts; null for any.</param>
    /// <param name="isPort">True for a port.</param>
    /// <param name="isAssigned">False ends it; all else must be as at the beginning.</param>
    /// <returns>0, or the error number.</returns>
    public int TrySetIoEventFd(int eventFd, ulong address, int byteCount, ulong? value, bool isPort, bool isAssigned)
        => TryGive(0x79, new IoEventFd
        {
            DataMatch = value ?? 0,
            Address = address,
            ByteCount = (uint)byteCount,
            FileDescriptor = eventFd,
            Flags = (value is null ? 0 : IoEventFdDataMatch) | (isPort ? IoEventFdPort : 0) | (isAssigned ? 0 : IoEventFdDeassign),
        });

    /// <summary>Makes writes to a range be collected in a ring, or ends that.</summary>
    /// <returns>0, or the error number.</returns>
    public int TrySetCoalesced(ulong address, int byteCount, bool isPort, bool isCoalesced)
        => TryGive(isCoalesced ? 0x67u : 0x68u, new CoalescedZone { Address = address, ByteCount = (uint)byteCount, IsPort = isPort ? 1u : 0 });

    /// <summary>Reads the state of an interrupt controller in the kernel.</summary>
    public void GetIrqChip(uint chip, out KvmIrqChipState state)
    {
        state = new KvmIrqChipState { Chip = chip };
        fixed (KvmIrqChipState* pointer = &state)
        {
            // SAFETY: the structure has the size that the request's number says.
            Ask(KvmRequest.Exchanges<KvmIrqChipState>(0x62), (nint)pointer);
        }
    }

    /// <summary>Replaces the state of an interrupt controller in the kernel.</summary>
    public void SetIrqChip(in KvmIrqChipState state)
    {
        fixed (KvmIrqChipState* pointer = &state)
        {
            // SAFETY: the structure has the size that the request's number says. (The number claims the other direction.)
            Ask(KvmRequest.WritesToUser<KvmIrqChipState>(0x63), (nint)pointer);
        }
    }

    /// <summary>Reads the interval timer.</summary>
    public void GetPit(out KvmPitState state) => Take(0x9f, out state);

    /// <summary>Replaces the interval timer's state.</summary>
    public void SetPit(in KvmPitState state) => Give(0xa0, state);

    /// <summary>Reads the paravirtual clock.</summary>
    public ulong GetClock()
    {
        Take(0x7c, out KvmClock clock);
        return clock.Nanoseconds;
    }

    /// <summary>Sets the paravirtual clock.</summary>
    public void SetClock(ulong nanoseconds) => Give(0x7b, new KvmClock { Nanoseconds = nanoseconds });

    /// <summary>Leaves accesses to model-specific registers to the process: those of these ranges.</summary>
    /// <param name="ranges">First register and how many; at most 16 ranges.</param>
    /// <returns>0, or the error number.</returns>
    public int TrySetMsrFilter(ReadOnlySpan<(uint First, int Count)> ranges)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ranges.Length, MaxFilterRanges);
        // A bit per register, 0 to refuse.
        byte* zeros = stackalloc byte[128];
        new Span<byte>(zeros, 128).Clear();
        byte* filter = stackalloc byte[392];
        new Span<byte>(filter, 392).Clear();
        for (int i = 0; i < ranges.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(ranges[i].Count, 1024);
            byte* range = filter + 8 + (24 * i);
            *(uint*)range = 3;
            *(uint*)(range + 4) = (uint)ranges[i].Count;
            *(uint*)(range + 8) = ranges[i].First;
            *(byte**)(range + 16) = zeros;
        }

        // SAFETY: the structure is built as the kernel reads it; the kernel copies the bitmaps.
        return -Math.Min(0, TryAsk(KvmRequest.SetMsrFilter, (nint)filter));
    }

    /// <summary>Creates a virtual processor.</summary>
    /// <param name="id">Its APIC id.</param>
    /// <exception cref="Win32Exception">The kernel refuses; carries errno.</exception>
    public KvmVcpu CreateVcpu(int id) => new(Ask(KvmRequest.CreateVcpu, id), _vcpuMappingByteCount);

    [StructLayout(LayoutKind.Explicit, Size = 104)]
    private struct EnableCapability
    {
        [FieldOffset(0)]
        public uint Capability;

        [FieldOffset(8)]
        public ulong Argument0;
    }

    private struct DirtyLog
    {
        public uint Slot;
        public uint Padding;
        public ulong* Bitmap;
    }

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct PitConfig
    {
        public uint Flags;
    }

    private struct IrqLevel
    {
        public uint Gsi;
        public uint Level;
    }

    [StructLayout(LayoutKind.Sequential, Size = 32)]
    private struct Msi
    {
        public uint AddressLow;
        public uint AddressHigh;
        public uint Data;
    }

    [StructLayout(LayoutKind.Sequential, Size = 32)]
    private struct IrqFd
    {
        public int FileDescriptor;
        public uint Gsi;
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct IoEventFd
    {
        public ulong DataMatch;
        public ulong Address;
        public uint ByteCount;
        public int FileDescriptor;
        public uint Flags;
    }

    private struct CoalescedZone
    {
        public ulong Address;
        public uint ByteCount;
        public uint IsPort;
    }
}
