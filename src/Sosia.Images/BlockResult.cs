namespace Sosia.Images;

/// <summary>How an operation on a disk's host side ended.</summary>
public enum BlockResult : byte
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>The range leaves the disk.</summary>
    OutOfRange,

    /// <summary>The disk may not be written.</summary>
    ReadOnly,

    /// <summary>The host has no space (or quota) left for it.</summary>
    NoSpace,

    /// <summary>The host's file has become shorter than the disk.</summary>
    Truncated,

    /// <summary>The image's own tables are damaged there, or its data cannot be decoded; nothing was written.</summary>
    Corrupt,

    /// <summary>Any other error of the host.</summary>
    HostError,

    /// <summary>There is no medium in the drive. Of drives, not of backends.</summary>
    NoMedium,

    /// <summary>
    /// The host failed and the machine stops for it: the device repeats the operation when the machine goes on. Of drives, not of backends.
    /// </summary>
    Stopped,
}
