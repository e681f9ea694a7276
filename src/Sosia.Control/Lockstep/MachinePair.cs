using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Engines.Recompiler;
using Sosia.Machines;

namespace Sosia.Control.Lockstep;

/// <summary>Two machines of the same description under two engines, at the same instruction.</summary>
internal sealed class MachinePair : IDisposable
{
    private readonly ConsoleRecorder _expectedConsole = new();
    private readonly ConsoleRecorder _actualConsole = new();
    private int _consoleCompared;
    private RunResult _expectedResult;
    private RunResult _actualResult;

    public MachinePair(LockstepOptions options, RecompilerOptions recompiler)
    {
        Reference = Create(options, options.Reference, recompiler with { Observer = null }, _expectedConsole);
        try
        {
            Tested = Create(options, options.Tested, recompiler, _actualConsole);
        }
        catch
        {
            Reference.Dispose();
            throw;
        }
    }

    /// <summary>The machine that is believed.</summary>
    public VirtualMachine Reference { get; }

    /// <summary>The machine that is examined.</summary>
    public VirtualMachine Tested { get; }

    /// <summary>Instructions from power-on.</summary>
    public long Position { get; private set; }

    /// <summary>When text was typed; −1 when it was not.</summary>
    public long TypedAt { get; private set; } = -1;

    /// <summary>What the last step gave.</summary>
    public RunResult Result => _expectedResult;

    /// <summary>What the reference's guest has written.</summary>
    public ReadOnlySpan<byte> Console => _expectedConsole.Bytes;

    /// <summary>Lets both retire this many instructions.</summary>
    public void Step(long count)
    {
        _expectedResult = Reference.Step(count);
        _actualResult = Tested.Step(count);
        Position += count;
    }

    /// <summary>Lets only the reference go on: for looking at it, and for saving a state that both are known to have.</summary>
    public void StepReference(long count)
    {
        _expectedResult = Reference.Step(count);
        Position += count;
    }

    /// <summary>Types to both.</summary>
    public void Type(string text)
    {
        Reference.Console.Send(text);
        Tested.Console.Send(text);
        TypedAt = Position;
    }

    /// <summary>Keeps the present state, which both must have.</summary>
    public SavedPair Save()
    {
        using var stream = new MemoryStream();
        Reference.Save(stream);
        return new SavedPair(Position, stream.ToArray(), Console.ToArray(), TypedAt);
    }

    /// <summary>Puts both into a saved state.</summary>
    public void Restore(SavedPair saved)
    {
        Reference.Restore(new MemoryStream(saved.State!));
        Tested.Restore(new MemoryStream(saved.State!));
        _expectedConsole.Replace(saved.Console);
        _actualConsole.Replace(saved.Console);
        _consoleCompared = 0;
        Position = saved.Position;
        TypedAt = saved.TypedAt;
    }

    /// <summary>True when processors, console and the way the last step ended are equal.</summary>
    public bool IsEqual()
    {
        if (_expectedResult != _actualResult || !IsConsoleEqual())
        {
            return false;
        }

        for (int i = 0; i < Reference.Machine.Cpus.Count; i++)
        {
            if (!SectionOf(Reference.Machine.Cpus[i]).SequenceEqual(SectionOf(Tested.Machine.Cpus[i])))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True when everything is equal: RAM, devices and the clock too.</summary>
    public bool IsEverythingEqual()
    {
        if (!IsEqual() || Reference.Machine.Clock.NowNanoseconds != Tested.Machine.Clock.NowNanoseconds)
        {
            return false;
        }

        for (int i = 0; i < Reference.Machine.Parts.Count; i++)
        {
            if (!SectionOf(Reference.Machine.Parts[i]).SequenceEqual(SectionOf(Tested.Machine.Parts[i])))
            {
                return false;
            }
        }

        return !DifferingPages().Any();
    }

    /// <summary>Everything that differs, processors first.</summary>
    public List<StateDifference> Differences()
    {
        List<StateDifference> differences = [];
        for (int i = 0; i < Reference.Machine.Parts.Count; i++)
        {
            AddDifferences(differences, Reference.Machine.Parts[i], Tested.Machine.Parts[i]);
        }

        AddMemoryDifferences(differences);
        if (!_expectedConsole.Bytes.SequenceEqual(_actualConsole.Bytes))
        {
            int start = Math.Max(0, _expectedConsole.Bytes.CommonPrefixLength(_actualConsole.Bytes) - 20);
            differences.Add(new StateDifference("console", $"from byte {start}", Tail(_expectedConsole, start), Tail(_actualConsole, start)));
        }

        if (Reference.Machine.Clock.NowNanoseconds != Tested.Machine.Clock.NowNanoseconds)
        {
            differences.Add(new StateDifference("clock", "nanoseconds", Text(Reference.Machine.Clock.NowNanoseconds), Text(Tested.Machine.Clock.NowNanoseconds)));
        }

        if (_expectedResult != _actualResult)
        {
            differences.Add(new StateDifference("end", "reason", _expectedResult.ToString(), _actualResult.ToString()));
        }

        return differences;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reference.Dispose();
        Tested.Dispose();
    }

    private static VirtualMachine Create(LockstepOptions options, string engine, RecompilerOptions recompiler, ConsoleRecorder console)
    {
        // Two machines cannot write one image.
        MachineOptions machine = options.Machine.WithThrowAwayDisks() with
        {
            Engine = engine,
            ClockMode = ClockMode.Deterministic,
            Serial = [console],
            DebugConsole = null,
        };
        return VirtualMachine.Create(machine, options.CreateEngine(engine, recompiler));
    }

    private static byte[] SectionOf(ISnapshotable part)
    {
        var writer = new SnapshotWriter();
        part.Save(writer);
        return writer.ToArray();
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Tail(ConsoleRecorder console, int start)
        => $"\"{Encoding.UTF8.GetString(console.Bytes[start..Math.Min(console.Count, start + 80)])}\"";

    private static void AddDifferences(List<StateDifference> differences, ISnapshotable expectedPart, ISnapshotable actualPart)
    {
        byte[] expectedBytes = SectionOf(expectedPart);
        byte[] actualBytes = SectionOf(actualPart);
        if (expectedBytes.AsSpan().SequenceEqual(actualBytes))
        {
            return;
        }

        string part = expectedPart.SnapshotName;
        var expected = new SnapshotReader(part, expectedPart.SnapshotVersion, expectedBytes);
        var actual = new SnapshotReader(part, actualPart.SnapshotVersion, actualBytes);
        foreach (string name in expected.Names.Union(actual.Names))
        {
            byte[] a = expected.Has(name) ? expected.ReadBytes(name) : [];
            byte[] b = actual.Has(name) ? actual.ReadBytes(name) : [];
            // Arrays of registers by their elements.
            for (int i = 0; i < Math.Max(a.Length, b.Length); i += 8)
            {
                ReadOnlySpan<byte> x = Slice(a, i);
                ReadOnlySpan<byte> y = Slice(b, i);
                if (!x.SequenceEqual(y))
                {
                    differences.Add(new StateDifference(part, Math.Max(a.Length, b.Length) <= 8 ? name : FieldName(name, i / 8), Hex(x), Hex(y)));
                }
            }
        }
    }

    private static ReadOnlySpan<byte> Slice(byte[] bytes, int start)
        => start >= bytes.Length ? [] : bytes.AsSpan(start, Math.Min(8, bytes.Length - start));

    private static string FieldName(string name, int index) => name switch
    {
        "gpr" when index < 16 => X86Registers.Names[index],
        "vector" => $"ymm{index / 4}[{64 * (index % 4)}..{(64 * (index % 4)) + 63}]",
        "x87" => $"x87 r{index / 2}.{(index % 2 == 0 ? "significand" : "exponent")}",
        _ => $"{name}[{index}]",
    };

    private static string Hex(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return bytes.IsEmpty ? "-" : value.ToString("x16", CultureInfo.InvariantCulture);
    }

    private static unsafe ReadOnlySpan<byte> Page(GuestRam ram, ulong page)
        // SAFETY: the callers take page numbers from FindTouchedPages, within RAM.
        => new(ram.HostBase + (page * GuestRam.PageSize), GuestRam.PageSize);

    private static HashSet<ulong> TouchedPages(GuestRam ram)
    {
        HashSet<ulong> pages = [];
        ulong pageCount = ram.ByteCount / GuestRam.PageSize;
        for (ulong page = ram.FindTouchedPages(0, out ulong end); page < pageCount; page = ram.FindTouchedPages(end, out end))
        {
            for (; page < end; page++)
            {
                pages.Add(page);
            }
        }

        return pages;
    }

    private bool IsConsoleEqual()
    {
        if (_expectedConsole.Count != _actualConsole.Count
            || !_expectedConsole.Bytes[_consoleCompared..].SequenceEqual(_actualConsole.Bytes[_consoleCompared..]))
        {
            return false;
        }

        _consoleCompared = _expectedConsole.Count;
        return true;
    }

    // Both memories are in this process, so bytes are compared rather than hashes of them. What nobody has touched is zero, and looking at it
    // would make the host provide it.
    private IEnumerable<ulong> DifferingPages()
    {
        GuestRam expected = Reference.Machine.Ram;
        GuestRam actual = Tested.Machine.Ram;
        HashSet<ulong> other = TouchedPages(actual);
        foreach (ulong page in TouchedPages(expected))
        {
            bool isInBoth = other.Remove(page);
            if (isInBoth ? !Page(expected, page).SequenceEqual(Page(actual, page)) : Page(expected, page).ContainsAnyExcept((byte)0))
            {
                yield return page;
            }
        }

        foreach (ulong page in other)
        {
            if (Page(actual, page).ContainsAnyExcept((byte)0))
            {
                yield return page;
            }
        }
    }

    private void AddMemoryDifferences(List<StateDifference> differences)
    {
        const int MaxShown = 8;
        List<ulong> pages = [.. DifferingPages().Order()];
        foreach (ulong page in pages.Take(MaxShown))
        {
            ReadOnlySpan<byte> expected = Page(Reference.Machine.Ram, page);
            ReadOnlySpan<byte> actual = Page(Tested.Machine.Ram, page);
            int first = expected.CommonPrefixLength(actual) & ~7;
            differences.Add(new StateDifference("ram", $"offset 0x{(page * GuestRam.PageSize) + (ulong)first:x}", Hex(expected.Slice(first, 8)), Hex(actual.Slice(first, 8))));
        }

        if (pages.Count > MaxShown)
        {
            differences.Add(new StateDifference("ram", $"and {pages.Count - MaxShown} more pages", "...", "..."));
        }
    }
}
