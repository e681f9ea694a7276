namespace Sosia.Devices.Block;

/// <summary>What a guest asks of a disk.</summary>
public enum BlockOperation : byte
{
    /// <summary>Read sectors.</summary>
    Read,

    /// <summary>Write sectors.</summary>
    Write,

    /// <summary>Make everything written durable.</summary>
    Flush,

    /// <summary>Sectors whose contents no longer matter.</summary>
    Discard,

    /// <summary>Make sectors read as zeros.</summary>
    WriteZeroes,
}
