namespace Sosia.Host.Linux.Files;

/// <summary>What tells one state of a file from another (statx(2)).</summary>
/// <param name="Kind">What it is; <see cref="HostFileKind.Other"/> also for symbolic links.</param>
/// <param name="Device">The file system's device number.</param>
/// <param name="Inode">The inode.</param>
/// <param name="ByteCount">The size in bytes.</param>
/// <param name="ModifiedSeconds">When the contents were last changed, in seconds since 1970.</param>
/// <param name="ModifiedNanoseconds">The rest of that, 0 to 999,999,999.</param>
/// <param name="Permissions">The permission bits (chmod(2)).</param>
public readonly record struct HostFileStatus(HostFileKind Kind, ulong Device, ulong Inode, ulong ByteCount, long ModifiedSeconds, uint ModifiedNanoseconds, uint Permissions);
