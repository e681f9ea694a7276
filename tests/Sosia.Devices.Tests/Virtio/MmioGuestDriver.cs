using Sosia.Core.Interrupts;
using Sosia.Devices.Virtio;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>Drives a device through virtio-mmio registers.</summary>
internal sealed class MmioGuestDriver : GuestDriver
{
    public MmioGuestDriver(VirtioBench bench, VirtioDevice device)
        : base(bench)
    {
        Transport = new VirtioMmioTransport(device, new IrqLine(Irq, 5));
    }

    public IrqRecorder Irq { get; } = new();

    public VirtioMmioTransport Transport { get; }

    public override uint DeviceType => Read(0x008);

    public override VirtioStatus Status
    {
        get => (VirtioStatus)Read(0x070);
        set => Write(0x070, (uint)value);
    }

    public override ulong OfferedFeatures
    {
        get
        {
            Write(0x014, 0);
            ulong low = Read(0x010);
            Write(0x014, 1);
            return low | ((ulong)Read(0x010) << 32);
        }
    }

    public override byte ConfigurationGeneration => (byte)Read(0x0fc);

    public override void ChooseFeatures(ulong features)
    {
        Write(0x024, 0);
        Write(0x020, (uint)features);
        Write(0x024, 1);
        Write(0x020, (uint)(features >> 32));
    }

    public override int QueueMaxSize(int index)
    {
        Write(0x030, (uint)index);
        return (int)Read(0x034);
    }

    public override void EnableQueue(GuestQueue queue)
    {
        Write(0x030, (uint)queue.Index);
        Write(0x038, (uint)queue.Size);
        WriteAddress(0x080, queue.DescriptorTable);
        WriteAddress(0x090, queue.AvailableRing);
        WriteAddress(0x0a0, queue.UsedRing);
        Write(0x044, 1);
    }

    public override void Notify(uint queueIndex) => Write(0x050, queueIndex);

    public override ulong ReadConfiguration(int offset, int byteCount) => Transport.ReadMmio(0x100 + (ulong)offset, byteCount);

    public override void WriteConfiguration(int offset, int byteCount, ulong value) => Transport.WriteMmio(0x100 + (ulong)offset, byteCount, value);

    public override uint TakeInterrupts()
    {
        uint causes = Read(0x060);
        Write(0x064, causes);
        return causes;
    }

    public uint Read(ulong offset) => (uint)Transport.ReadMmio(offset, 4);

    public void Write(ulong offset, uint value) => Transport.WriteMmio(offset, 4, value);

    private void WriteAddress(ulong offset, ulong address)
    {
        Write(offset, (uint)address);
        Write(offset + 4, (uint)(address >> 32));
    }
}
