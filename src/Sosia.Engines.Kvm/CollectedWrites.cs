using System.Threading;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Host.Linux.Kvm;

namespace Sosia.Engines.Kvm;

/// <summary>
/// Writes to ports that the kernel collects in a ring, because nothing follows from them at once (Linux, Documentation/virt/kvm/api.rst,
/// KVM_REGISTER_COALESCED_MMIO): they reach the devices in their order, before anything else that the guest did later.
/// </summary>
internal sealed unsafe class CollectedWrites
{
    private const int EntryByteCount = 24;
    private const int HeadByteCount = 8;
    private const uint EntryCount = (4096 - HeadByteCount) / EntryByteCount;

    private readonly IMachineHardware _hardware;
    private readonly Lock _gate = new();
    private readonly int _ringPage;

    public CollectedWrites(KvmSystem system, KvmVm vm, IMachineHardware hardware)
    {
        _hardware = hardware;
        _ringPage = system.Check(KvmCapability.CoalescedMmio);
        if (_ringPage == 0 || system.Check(KvmCapability.CoalescedPio) == 0)
        {
            _ringPage = 0;
            return;
        }

        foreach (PortRange range in hardware.Ports.DescribeCollectable())
        {
            _ = vm.TrySetCoalesced((ulong)range.FirstPort, range.PortCount, isPort: true, isCoalesced: true);
        }
    }

    /// <summary>How many writes have come this way.</summary>
    public long Count { get; private set; }

    /// <summary>Gives the devices what is in the ring.</summary>
    /// <param name="vcpu">Any processor: they share the ring.</param>
    public void Take(KvmVcpu vcpu)
    {
        if (_ringPage == 0)
        {
            return;
        }

        // SAFETY: the kernel put the ring's page into the processor's mapping; the indexes are bounded before they are used.
        byte* ring = vcpu.CoalescedRing(_ringPage);
        uint* first = (uint*)ring;
        uint* last = (uint*)(ring + 4);
        if (Volatile.Read(ref *first) == Volatile.Read(ref *last))
        {
            return;
        }

        lock (_gate)
        {
            while (*first != Volatile.Read(ref *last))
            {
                byte* entry = ring + HeadByteCount + (*first % EntryCount * EntryByteCount);
                int byteCount = (int)*(uint*)(entry + 8) switch { 1 => 1, 2 => 2, _ => 4 };
                uint value = *(uint*)(entry + 16);
                _hardware.Ports.Write((ushort)*(ulong*)entry, byteCount, byteCount switch { 1 => (byte)value, 2 => (ushort)value, _ => value });
                Count++;
                Volatile.Write(ref *first, (*first + 1) % EntryCount);
            }
        }
    }
}
