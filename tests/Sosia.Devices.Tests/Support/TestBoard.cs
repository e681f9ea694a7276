using System;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.Tests.Support;

/// <summary>The parts that every device test needs: buses, a clock that only moves when told, and recorders.</summary>
internal sealed class TestBoard : IDisposable, IMachineControl
{
    public TestBoard()
    {
        Ram = new GuestRam(4 << 20);
        Memory = new MemoryBus(Ram, Log);
        Ports = new PortBus(Log);
    }

    public DiagnosticLog Log { get; } = new();

    public GuestRam Ram { get; }

    public MemoryBus Memory { get; }

    public PortBus Ports { get; }

    public MachineClock Clock { get; } = new(ClockMode.Deterministic);

    public RecordingSink Irqs { get; } = new();

    public int PowerOffs { get; private set; }

    public int Resets { get; private set; }

    public int ProcessorResets { get; private set; }

    public List<int> Exits { get; } = [];

    public static void Transfer(ISnapshotable from, ISnapshotable to)
    {
        var writer = new SnapshotWriter();
        from.Save(writer);
        to.Restore(new SnapshotReader(from.SnapshotName, from.SnapshotVersion, writer.ToArray()));
    }

    public IrqLine Line(int input) => new(Irqs, input);

    /// <summary>Lets guest time pass, expiring timers exactly at their deadlines.</summary>
    public void Advance(long nanoseconds) => AdvanceTo(Clock.NowNanoseconds + nanoseconds);

    public void AdvanceTo(long target)
    {
        while (Clock.NextDeadlineNanoseconds <= target)
        {
            Clock.AdvanceTo(Clock.NextDeadlineNanoseconds);
            Clock.RunExpired();
        }

        Clock.AdvanceTo(target);
    }

    public byte In(int port) => (byte)Ports.Read((ushort)port, 1);

    public void Out(int port, int value) => Ports.Write((ushort)port, 1, (uint)value);

    public void RequestPowerOff() => PowerOffs++;

    public void RequestReset() => Resets++;

    public void RequestProcessorReset() => ProcessorResets++;

    public void RequestExit(int status) => Exits.Add(status);

    public void Dispose() => Ram.Dispose();
}
