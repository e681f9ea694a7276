using Sosia.Host.Linux.Files;

namespace Sosia.Images.Fat;

/// <summary>Opens the folders of the host that nodes stand for, one component after the other from the root on: no symbolic link is followed.</summary>
internal static class FatHostFolder
{
    /// <summary>Opens one.</summary>
    /// <param name="root">The root folder, which stays the caller's.</param>
    /// <param name="folder">The one to open.</param>
    /// <param name="error">The error number when null is returned.</param>
    public static HostDirectory? TryOpen(HostDirectory root, FatNode folder, out int error)
    {
        if (folder.Parent is null)
        {
            return root.TryOpenDirectory(".", out error);
        }

        using HostDirectory? parent = TryOpen(root, folder.Parent, out error);
        return parent?.TryOpenDirectory(folder.Name, out error);
    }
}
