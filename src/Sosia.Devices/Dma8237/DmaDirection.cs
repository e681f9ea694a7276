namespace Sosia.Devices.Dma8237;

/// <summary>What a DMA channel does with memory, as bits 3:2 of its mode register say.</summary>
internal enum DmaDirection : byte
{
    /// <summary>Nothing: addresses and counts advance.</summary>
    Verify,

    /// <summary>The device's data go to memory.</summary>
    ToMemory,

    /// <summary>Memory's data go to the device.</summary>
    FromMemory,

    /// <summary>Reserved.</summary>
    Illegal,
}
