using System.Collections.Generic;
using Sosia.Devices.Virtio;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>A guest's driver, as far as it depends on the transport.</summary>
internal abstract class GuestDriver(VirtioBench bench)
{
    public VirtioBench Bench { get; } = bench;

    public List<GuestQueue> Queues { get; } = [];

    public abstract uint DeviceType { get; }

    public abstract VirtioStatus Status { get; set; }

    public abstract ulong OfferedFeatures { get; }

    public abstract byte ConfigurationGeneration { get; }

    public abstract void ChooseFeatures(ulong features);

    public abstract int QueueMaxSize(int index);

    public abstract void EnableQueue(GuestQueue queue);

    public abstract void Notify(uint queueIndex);

    public abstract ulong ReadConfiguration(int offset, int byteCount);

    public abstract void WriteConfiguration(int offset, int byteCount, ulong value);

    /// <summary>Reads and acknowledges the interrupt causes: 1 used buffers, 2 configuration.</summary>
    public abstract uint TakeInterrupts();

    /// <summary>The initialisation sequence of virtio 1.1, section 3.1.1.</summary>
    public void Start(ulong features, int queueCount, int queueSize)
    {
        Status = VirtioStatus.None;
        Status = VirtioStatus.Acknowledge;
        Status = VirtioStatus.Acknowledge | VirtioStatus.Driver;
        ChooseFeatures(features | VirtioFeatures.Version1);
        Status = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk;
        Queues.Clear();
        for (int i = 0; i < queueCount; i++)
        {
            Queues.Add(new GuestQueue(Bench, i, queueSize, (features & VirtioFeatures.EventIndex) != 0));
            EnableQueue(Queues[i]);
        }

        Status = VirtioStatus.Acknowledge | VirtioStatus.Driver | VirtioStatus.FeaturesOk | VirtioStatus.DriverOk;
    }

    /// <summary>Adds a request and notifies the device.</summary>
    public ushort Submit(int queueIndex, params GuestBuffer[] buffers)
    {
        ushort head = Queues[queueIndex].Add(buffers);
        Notify((uint)queueIndex);
        return head;
    }
}
