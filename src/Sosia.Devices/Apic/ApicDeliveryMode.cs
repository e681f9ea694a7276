namespace Sosia.Devices.Apic;

/// <summary>What an interrupt message does to the processors that it reaches (Intel SDM volume 3, 11.6.1, encoding of bits 10:8).</summary>
public enum ApicDeliveryMode
{
    /// <summary>The vector, at every destination.</summary>
    Fixed = 0,

    /// <summary>The vector, at the destination that runs at the lowest priority.</summary>
    LowestPriority = 1,

    /// <summary>System management interrupt.</summary>
    SystemManagement = 2,

    /// <summary>Non-maskable interrupt.</summary>
    NonMaskable = 4,

    /// <summary>Processor initialization.</summary>
    Init = 5,

    /// <summary>Start of a processor that waits after INIT; the vector is its first page.</summary>
    Startup = 6,

    /// <summary>The vector comes from the external controller (8259A).</summary>
    External = 7,
}
