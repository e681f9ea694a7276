using System;
using System.IO;

namespace Sosia.Machines.Tests;

/// <summary>Files that vanish with the test.</summary>
internal sealed class TemporaryFiles : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sosia-test").FullName;

    public string Path(string name) => System.IO.Path.Combine(_directory, name);

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(Path(name), bytes);
        return Path(name);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
