using System;
using System.IO;

namespace Sosia.Net.Tests.Support;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sosia-net").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
