using System;

namespace Sosia.Devices.Virtio;

/// <summary>The device status field (virtio 1.1, section 2.1). Zero means reset.</summary>
[Flags]
public enum VirtioStatus : byte
{
    /// <summary>The device is reset and nobody drives it.</summary>
    None = 0,

    /// <summary>The guest has noticed the device.</summary>
    Acknowledge = 1,

    /// <summary>The guest has a driver for it.</summary>
    Driver = 2,

    /// <summary>The driver is ready; queues are live.</summary>
    DriverOk = 4,

    /// <summary>The driver's choice of features is complete and the device agrees.</summary>
    FeaturesOk = 8,

    /// <summary>The device met something it cannot go on with (bad rings, addresses outside RAM) and waits for a reset.</summary>
    DeviceNeedsReset = 0x40,

    /// <summary>The driver gave up.</summary>
    Failed = 0x80,
}
