namespace Sosia.Devices.Flash;

/// <summary>What the next write to a flash memory is.</summary>
internal enum FlashStep : byte
{
    /// <summary>A command.</summary>
    Command,

    /// <summary>The byte to be programmed.</summary>
    Program,

    /// <summary>The confirmation of an erasure.</summary>
    Erase,

    /// <summary>The number of bytes, less one, that are to come into the buffer.</summary>
    BufferCount,

    /// <summary>A byte for the buffer.</summary>
    BufferData,

    /// <summary>The confirmation that the buffer is to be programmed.</summary>
    BufferConfirm,

    /// <summary>What to do with a block's lock bit.</summary>
    Lock,
}
