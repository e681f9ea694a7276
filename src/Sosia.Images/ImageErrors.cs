using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Images;

/// <summary>The sentences for images that cannot be used.</summary>
internal static class ImageErrors
{
    public static SosiaException Damaged(string path, string format, string what)
        => new($"The {format} image '{path}' is damaged: {what}; './sosia disk check' tells more, and a backup is the way back.");

    public static SosiaException Unsupported(string path, string format, string what, string todo)
        => new($"The {format} image '{path}' uses {what}, which is not implemented; {todo}.");

    public static SosiaException CannotResize(string path, string format, string why)
        => new($"The {format} image '{path}' cannot be resized: {why}; convert it to another format or file instead.");

    public static SosiaException ReadOnly(string path) => new($"The disk image '{path}' is opened for reading only; open it for writing to change it.");

    /// <summary>A failed read or write of an operation that a person asked for.</summary>
    public static SosiaException Failed(string path, string verb, BlockResult result) => result switch
    {
        BlockResult.NoSpace => new SosiaException($"The host has no space left while the disk image '{path}' is {verb}; free some and try again.", FailureKind.Host),
        BlockResult.Corrupt => new SosiaException($"The disk image '{path}' is damaged and cannot be {verb}; './sosia disk check' tells more."),
        BlockResult.ReadOnly => ReadOnly(path),
        BlockResult.Truncated => new SosiaException($"The disk image '{path}' is shorter than it should be and cannot be {verb}; restore it from a backup."),
        _ => new SosiaException($"The disk image '{path}' cannot be {verb} ({result}); check the host's storage.", FailureKind.Host),
    };

    public static void ThrowIfFailed(string path, string verb, BlockResult result)
    {
        if (result != BlockResult.Ok)
        {
            throw Failed(path, verb, result);
        }
    }

    public static BlockResult Translate(int error) => error switch
    {
        HostError.None => BlockResult.Ok,
        HostError.NoSpace or HostError.QuotaExceeded or HostError.FileTooLarge => BlockResult.NoSpace,
        HostError.NotPermitted or HostError.ReadOnlyFileSystem => BlockResult.ReadOnly,
        _ => BlockResult.HostError,
    };
}
