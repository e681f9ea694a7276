using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Files;

/// <summary>Linux error numbers (errno(3)) that callers tell apart, and their texts.</summary>
public static class HostError
{
    /// <summary>No error.</summary>
    public const int None = 0;

    /// <summary>EPERM: operation not permitted.</summary>
    public const int NotPermitted = 1;

    /// <summary>ENOENT: no such file or directory.</summary>
    public const int NoEntry = 2;

    /// <summary>EINTR: interrupted by a signal.</summary>
    public const int Interrupted = 4;

    /// <summary>ENXIO: no such device or address.</summary>
    public const int NoSuchDeviceOrAddress = 6;

    /// <summary>EIO: input/output error.</summary>
    public const int InputOutput = 5;

    /// <summary>EAGAIN, EWOULDBLOCK: not now.</summary>
    public const int WouldBlock = 11;

    /// <summary>EACCES: permission denied.</summary>
    public const int AccessDenied = 13;

    /// <summary>EFAULT: bad address.</summary>
    public const int BadAddress = 14;

    /// <summary>EEXIST: there is something of that name already.</summary>
    public const int Exists = 17;

    /// <summary>ENODEV: no such device; some file systems say so of an operation that they lack.</summary>
    public const int NoDevice = 19;

    /// <summary>ENOTDIR: a component of the path is not a directory.</summary>
    public const int NotDirectory = 20;

    /// <summary>EISDIR: is a directory.</summary>
    public const int IsDirectory = 21;

    /// <summary>EINVAL: invalid argument.</summary>
    public const int InvalidArgument = 22;

    /// <summary>EFBIG: file too large.</summary>
    public const int FileTooLarge = 27;

    /// <summary>ENOSPC: no space left on device.</summary>
    public const int NoSpace = 28;

    /// <summary>EROFS: read-only file system.</summary>
    public const int ReadOnlyFileSystem = 30;

    /// <summary>ENOTEMPTY: the directory holds something.</summary>
    public const int NotEmpty = 39;

    /// <summary>ENOSYS: the kernel lacks the system call.</summary>
    public const int NotImplemented = 38;

    /// <summary>EOPNOTSUPP: the file system lacks the operation.</summary>
    public const int NotSupported = 95;

    /// <summary>EDQUOT: disk quota exceeded.</summary>
    public const int QuotaExceeded = 122;

    /// <summary>The system's own words for an error number.</summary>
    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);
}
