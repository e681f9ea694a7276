using System;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Virtio;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>The least machine that a virtio device needs: 4 MiB of RAM at 0x100000, a stopped clock, a log.</summary>
internal sealed class VirtioBench : IDisposable
{
    public const ulong RamBase = 0x10_0000;
    public const ulong RamByteCount = 4 << 20;

    private readonly GuestRam _ram;

    public VirtioBench()
    {
        _ram = new GuestRam(RamByteCount);
        Memory = new MemoryBus(_ram, Log);
        Memory.MapRam(RamBase, 0, RamByteCount);
        Context = new VirtioContext(Memory, Clock, Log);
    }

    public DiagnosticLog Log { get; } = new();

    public MachineClock Clock { get; } = new(ClockMode.Deterministic);

    public MemoryBus Memory { get; }

    public VirtioContext Context { get; }

    public long Misuse(string device) => Log.Counts.TryGetValue(device, out long count) ? count : 0;

    /// <summary>The guest runs one instruction: timers that are due expire.</summary>
    public void Step()
    {
        Clock.AdvanceTo(Clock.NowNanoseconds + 8);
        Clock.RunExpired();
    }

    public void CopyRamFrom(VirtioBench other)
    {
        byte[] bytes = new byte[RamByteCount];
        other._ram.Read(0, bytes);
        _ram.Write(0, bytes);
    }

    public static void Transfer(IEnumerable<(ISnapshotable From, ISnapshotable To)> pairs)
    {
        foreach ((ISnapshotable from, ISnapshotable to) in pairs)
        {
            var writer = new SnapshotWriter();
            from.Save(writer);
            to.Restore(new SnapshotReader(from.SnapshotName, from.SnapshotVersion, writer.ToArray()));
        }
    }

    public void Dispose() => _ram.Dispose();
}
