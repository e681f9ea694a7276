namespace Sosia.Devices.Ata;

/// <summary>How a command goes on after it was accepted (ATA/ATAPI-6, chapter 9).</summary>
internal enum AtaProtocol : byte
{
    /// <summary>It has ended: the registers hold its result.</summary>
    Done,

    /// <summary>The device gives data through the Data register.</summary>
    PioIn,

    /// <summary>The device takes data through the Data register.</summary>
    PioOut,

    /// <summary>The device gives data by DMA.</summary>
    DmaIn,

    /// <summary>The device takes data by DMA.</summary>
    DmaOut,

    /// <summary>The device waits for a command packet of 12 bytes.</summary>
    Packet,
}
