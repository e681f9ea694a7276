using System;
using System.Collections.Generic;
using System.IO;
using System.Text.RegularExpressions;

namespace Sosia.Guests.Tests.Nesting;

/// <summary>An ext4 image with the published program, the host's libraries that it is linked to, and the guests that it runs.</summary>
/// <remarks>Nothing that programs load only when they want it, as OpenSSL: a boot must not want it.</remarks>
internal sealed partial class NestedDisk : IDisposable
{
    private const string Maker = "mke2fs";
    private const string LibraryLister = "ldd";
    private const long SpareByteCount = 16 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-nesting-").FullName;

    /// <summary>Makes the image.</summary>
    /// <param name="files">What else is in its root: names and contents.</param>
    public NestedDisk(params (string Name, byte[] Content)[] files)
    {
        string root = Path.Combine(_folder, "root");
        string program = Directory.CreateDirectory(Path.Combine(root, "sosia")).FullName;
        File.Copy(Program, Path.Combine(program, "sosia"));
        CopyFolder(Path.Combine(Path.GetDirectoryName(Program)!, "guests", "linux-x86_64"), Path.Combine(program, "guests", "linux-x86_64"));
        foreach (string library in Libraries())
        {
            string target = Path.Combine(root, library[1..]);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(library, target);
        }

        foreach ((string name, byte[] content) in files)
        {
            File.WriteAllBytes(Path.Combine(_folder, name), content);
            File.Copy(Path.Combine(_folder, name), Path.Combine(root, name));
        }

        long byteCount = 0;
        foreach (string file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            byteCount += new FileInfo(file).Length;
        }

        Image = Path.Combine(_folder, "disk.img");
        // No journal: the guest mounts it read-only.
        HostProgram.Run(Maker, "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, Image, $"{(byteCount + SpareByteCount) >> 10}k");
        Directory.Delete(root, recursive: true);
    }

    /// <summary>The published program: what ./test built for users, or what ./sosia built last.</summary>
    public static string Program
    {
        get
        {
            string? program = Environment.GetEnvironmentVariable("SOSIA_BINARY");
            return string.IsNullOrEmpty(program)
                ? Path.Combine(Path.GetDirectoryName(EmbeddedGuest.GuestsFolder)!, "artifacts", "sosia", "sosia")
                : Path.GetFullPath(program);
        }
    }

    /// <summary>The image's path.</summary>
    public string Image { get; }

    /// <summary>Why no such disk can be made on this host.</summary>
    /// <returns>Null when it can.</returns>
    public static string? WhyNot()
    {
        if (!File.Exists(Program))
        {
            return "The published program is not built: run SOSIA_BUILD_ONLY=1 ./sosia.";
        }

        foreach ((string program, string package) in (ReadOnlySpan<(string, string)>)[(Maker, "e2fsprogs"), (LibraryLister, "libc-bin")])
        {
            if (!HostProgram.Exists(program))
            {
                return $"The program '{program}' is not installed (Debian: {package}).";
            }
        }

        return null;
    }

    /// <summary>The path on the host of a file that was given to the constructor.</summary>
    public string HostPath(string name) => Path.Combine(_folder, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IEnumerable<string> Libraries()
    {
        foreach (Match match in LibraryPath().Matches(HostProgram.Run(LibraryLister, Program)))
        {
            yield return match.Groups[1].Value;
        }
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)", and the loader without an arrow.
    [GeneratedRegex(@"(?:=>|^)\s*(/\S+) \(0x", RegexOptions.Multiline)]
    private static partial Regex LibraryPath();
}
