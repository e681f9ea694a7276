namespace Sosia.Devices.Flash;

/// <summary>What a flash memory shows when it is read.</summary>
internal enum FlashMode : byte
{
    /// <summary>Its contents.</summary>
    Array,

    /// <summary>The status register, at every address.</summary>
    Status,

    /// <summary>Manufacturer, device and lock bits.</summary>
    Identifier,

    /// <summary>The table of the common flash memory interface.</summary>
    Query,
}
