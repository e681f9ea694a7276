using System;
using System.IO;

namespace Sosia.Images.Tests.Support;

internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Create();

    // Memory, where there is some: barriers cost nothing there.
    private static DirectoryInfo Create()
    {
        string path = System.IO.Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath(), "sosia-test-" + Guid.NewGuid().ToString("N"));
        return Directory.CreateDirectory(path);
    }

    public string Path => _directory.FullName;

    /// <summary>Makes an image whose byte n is (n / 512 + n) mod 251.</summary>
    public string CreateImage(long byteCount, string name = "disk.img")
    {
        string path = System.IO.Path.Combine(Path, name);
        byte[] bytes = new byte[byteCount];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = PatternByte(i);
        }

        File.WriteAllBytes(path, bytes);
        return path;
    }

    public static byte PatternByte(long position) => (byte)(((position / 512) + position) % 251);

    public void Dispose() => _directory.Delete(recursive: true);
}
