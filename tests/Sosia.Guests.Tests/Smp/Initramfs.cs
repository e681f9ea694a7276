using System.IO;
using System.Text;

namespace Sosia.Guests.Tests.Smp;

/// <summary>Adds a file to an initial RAM disk: the kernel unpacks archives (cpio, format "newc") one after the other.</summary>
internal static class Initramfs
{
    /// <summary>Writes an archive with an executable file, and another one behind it (some compressed ones have no end that could be told).</summary>
    /// <param name="initrd">The other archive.</param>
    /// <param name="name">The file's name in the guest, without a slash in front.</param>
    /// <param name="program">The host's file.</param>
    /// <param name="output">Where the result goes.</param>
    public static void Prepend(string initrd, string name, string program, string output)
    {
        using FileStream file = File.Create(output);
        Entry(file, name, 0x81ed, File.ReadAllBytes(program));
        Entry(file, "TRAILER!!!", 0, []);
        file.Write(File.ReadAllBytes(initrd));
    }

    private static void Entry(FileStream file, string name, int mode, byte[] bytes)
    {
        // Inode, mode, user, group, links, time, size, device and its like, length of the name, checksum.
        int[] fields = [1, mode, 0, 0, 1, 0, bytes.Length, 0, 0, 0, 0, name.Length + 1, 0];
        var header = new StringBuilder("070701");
        foreach (int field in fields)
        {
            header.Append($"{field:x8}");
        }

        file.Write(Encoding.ASCII.GetBytes($"{header}{name}\0"));
        Align(file);
        file.Write(bytes);
        Align(file);
    }

    private static void Align(FileStream file)
    {
        while (file.Position % 4 != 0)
        {
            file.WriteByte(0);
        }
    }
}
