namespace Sosia.Host.Linux.Files;

/// <summary>What a path leads to (stat(2), S_IFMT).</summary>
public enum HostFileKind
{
    /// <summary>A pipe, a socket or something unknown.</summary>
    Other,

    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A block device: a disk or a partition of the host.</summary>
    BlockDevice,

    /// <summary>A character device.</summary>
    CharacterDevice,
}
