using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Devices.Apic;
using Sosia.Devices.Pci;
using Sosia.Devices.Virtio;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>Drives a device as a guest finds it on the PCI bus: capabilities first, then the registers that they point to.</summary>
internal sealed class PciGuestDriver : GuestDriver, IPciInterruptSink, IMessageInterruptTarget
{
    public const ulong RegisterBase = 0xfe00_0000;
    public const ulong MsixBase = 0xfe01_0000;

    private readonly PciBus _bus;
    private readonly Dictionary<byte, (int Offset, ulong Address, uint ByteCount)> _groups = [];
    private readonly bool _usesMsix;

    public PciGuestDriver(VirtioBench bench, VirtioDevice device, bool usesMsix)
        : base(bench)
    {
        _usesMsix = usesMsix;
        _bus = new PciBus(bench.Memory, new PortBus(bench.Log), this, bench.Log) { InterruptSink = this };
        Function = new VirtioPciFunction(device);
        _bus.Add(Function, 3);
        Attach();
    }

    public VirtioPciFunction Function { get; }

    public PciBus Bus => _bus;

    public bool Level { get; private set; }

    public int MsixCapability { get; private set; }

    public int AccessCapability => _groups[5].Offset;

    public List<(ulong Address, uint Data)> Messages { get; } = [];

    public override uint DeviceType => ReadConfig(2, 2) - 0x1040;

    public override VirtioStatus Status
    {
        get => (VirtioStatus)Common(0x14, 1);
        set => Common(0x14, 1, (uint)value);
    }

    public override ulong OfferedFeatures
    {
        get
        {
            Common(0x00, 4, 0);
            ulong low = Common(0x04, 4);
            Common(0x00, 4, 1);
            return low | ((ulong)Common(0x04, 4) << 32);
        }
    }

    public override byte ConfigurationGeneration => (byte)Common(0x15, 1);

    public void SetPirq(int wire, bool asserted) => Level = asserted;

    public void DeliverMessage(ulong address, uint data) => Messages.Add((address, data));

    public override void ChooseFeatures(ulong features)
    {
        Common(0x08, 4, 0);
        Common(0x0c, 4, (uint)features);
        Common(0x08, 4, 1);
        Common(0x0c, 4, (uint)(features >> 32));
        if (_usesMsix)
        {
            Common(0x10, 2, 0);
        }
    }

    public override int QueueMaxSize(int index)
    {
        Common(0x16, 2, (uint)index);
        return (int)Common(0x18, 2);
    }

    public override void EnableQueue(GuestQueue queue)
    {
        Common(0x16, 2, (uint)queue.Index);
        Common(0x18, 2, (uint)queue.Size);
        if (_usesMsix)
        {
            Common(0x1a, 2, (uint)queue.Index + 1);
        }

        WriteAddress(0x20, queue.DescriptorTable);
        WriteAddress(0x28, queue.AvailableRing);
        WriteAddress(0x30, queue.UsedRing);
        Common(0x1c, 2, 1);
    }

    public override void Notify(uint queueIndex)
    {
        (int capability, ulong address, _) = _groups[2];
        Common(0x16, 2, queueIndex);
        ulong at = address + (Common(0x1e, 2) * ReadConfig(capability + 16, 4));
        Bench.Memory.Write(at, 2, queueIndex);
    }

    public override ulong ReadConfiguration(int offset, int byteCount) => Bench.Memory.Read(_groups[4].Address + (ulong)offset, byteCount);

    public override void WriteConfiguration(int offset, int byteCount, ulong value) => Bench.Memory.Write(_groups[4].Address + (ulong)offset, byteCount, value);

    public override uint TakeInterrupts()
    {
        if (!_usesMsix)
        {
            return (uint)Bench.Memory.Read(_groups[3].Address, 1);
        }

        uint causes = 0;
        foreach ((_, uint data) in Messages)
        {
            causes |= data == 0x40 ? 2u : 1u;
        }

        Messages.Clear();
        return causes;
    }

    public uint Common(int offset, int byteCount) => (uint)Bench.Memory.Read(_groups[1].Address + (ulong)offset, byteCount);

    public void Common(int offset, int byteCount, uint value) => Bench.Memory.Write(_groups[1].Address + (ulong)offset, byteCount, value);

    public uint ReadConfig(int offset, int byteCount)
    {
        _bus.WritePort(0, 4, 0x8000_0000 | (3u << 11) | (uint)(offset & ~3));
        return _bus.ReadPort((ushort)(4 + (offset & 3)), byteCount);
    }

    public void WriteConfig(int offset, int byteCount, uint value)
    {
        _bus.WritePort(0, 4, 0x8000_0000 | (3u << 11) | (uint)(offset & ~3));
        _bus.WritePort((ushort)(4 + (offset & 3)), byteCount, value);
    }

    /// <summary>Reads where things are, without touching the device: also for a restored machine.</summary>
    public void Discover()
    {
        for (int at = (int)ReadConfig(0x34, 1); at != 0; at = (int)ReadConfig(at + 1, 1))
        {
            if (ReadConfig(at, 1) == 0x11)
            {
                MsixCapability = at;
            }
            else if (ReadConfig(at, 1) == 0x09)
            {
                ulong bar = ReadConfig(0x10 + (4 * (int)ReadConfig(at + 4, 1)), 4) & ~15u;
                _groups[(byte)ReadConfig(at + 3, 1)] = (at, bar + ReadConfig(at + 8, 4), ReadConfig(at + 12, 4));
            }
        }
    }

    private void Attach()
    {
        WriteConfig(0x10, 4, (uint)RegisterBase);
        WriteConfig(0x14, 4, (uint)MsixBase);
        WriteConfig(4, 2, PciFunction.CommandMemory | PciFunction.CommandBusMaster);
        Discover();
        if (!_usesMsix)
        {
            return;
        }

        WriteConfig(MsixCapability + 2, 2, 0x8000);
        for (uint vector = 0; vector < Function.Msix!.VectorCount; vector++)
        {
            ulong entry = MsixBase + (16 * vector);
            Bench.Memory.Write(entry, 8, 0xfee0_0000);
            Bench.Memory.Write(entry + 8, 4, 0x40 + vector);
            Bench.Memory.Write(entry + 12, 4, 0);
        }
    }

    private void WriteAddress(int offset, ulong address)
    {
        Common(offset, 4, (uint)address);
        Common(offset + 4, 4, (uint)(address >> 32));
    }
}
