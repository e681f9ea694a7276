using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Machines;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>A set of test programs from the cache, executed in the embedded guest and, if wanted, natively by the same script.</summary>
public abstract class ProgramRun : IDisposable
{
    private const int SectorBytes = 512;
    private const int ResultDiskBytes = 64 << 20;

    private readonly string _engine;
    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-programs-").FullName;

    /// <summary>Runs all programs of a folder of the cache; does nothing when it is not there.</summary>
    /// <param name="name">The folder.</param>
    /// <param name="alsoNatively">Whether the host executes them too.</param>
    /// <param name="engine">The guest's engine.</param>
    protected ProgramRun(string name, bool alsoNatively, string engine)
    {
        _engine = engine;
        if (OracleFolder.Find(name) is { } programs)
        {
            if (alsoNatively)
            {
                Native = RunNatively(programs);
            }

            Guest = RunInGuest(programs);
        }
    }

    /// <summary>What each program printed on the host, by <c>bits-name</c>.</summary>
    public IReadOnlyDictionary<string, string[]> Native { get; } = new Dictionary<string, string[]>();

    /// <summary>What each program printed in the guest.</summary>
    public IReadOnlyDictionary<string, string[]> Guest { get; } = new Dictionary<string, string[]>();

    private static string Script => Path.Combine(AppContext.BaseDirectory, "run-programs.sh");

    /// <inheritdoc/>
    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private Dictionary<string, string[]> RunNatively(string programs)
    {
        string results = Path.Combine(_folder, "native");
        using Process process = Process.Start("sh", [Script, programs, results]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return Read(results);
    }

    // The programs go in as a disk that is a tar archive, the results come out as another.
    private Dictionary<string, string[]> RunInGuest(string programs)
    {
        string input = Path.Combine(_folder, "programs.img");
        string output = Path.Combine(_folder, "results.img");
        TarFile.CreateFromDirectory(programs, input, includeBaseDirectory: false);
        using (FileStream file = File.Open(input, FileMode.Open))
        using (var writer = new TarWriter(file, leaveOpen: true))
        {
            // Over the two empty blocks that end the archive.
            file.Seek(-2 * SectorBytes, SeekOrigin.End);
            writer.WriteEntry(Script, "run-programs.sh");
        }

        using (FileStream file = File.Create(output))
        {
            file.SetLength(ResultDiskBytes);
        }

        MachineOptions options = EmbeddedGuest.Options(
            ClockMode.Fast, "", $"file={input},format=raw,if=virtio,readonly", $"file={output},format=raw,if=virtio") with
        { MemoryByteCount = 256 << 20, Engine = _engine };
        using (var vm = VirtualMachine.Create(options))
        {
            vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
            EmbeddedGuest.Command(vm, "mkdir /tmp/p && tar -xf /dev/vda -C /tmp/p && sh /tmp/p/run-programs.sh /tmp/p /tmp/r 2>/dev/null");
            Assert.StartsWith("written", EmbeddedGuest.Command(vm, "tar -cf /dev/vdb -C /tmp r && sync && echo written"), StringComparison.Ordinal);
        }

        TarFile.ExtractToDirectory(output, _folder, overwriteFiles: false);
        return Read(Path.Combine(_folder, "r"));
    }

    private static Dictionary<string, string[]> Read(string folder)
    {
        var results = new Dictionary<string, string[]>();
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            results.Add(Path.GetFileName(file), File.ReadAllLines(file));
        }

        return results;
    }
}
