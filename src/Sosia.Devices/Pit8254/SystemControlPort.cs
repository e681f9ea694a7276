using System;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Pit8254;

/// <summary>
/// Port 0x61, the NMI status and control register of a PC (82371SB PIIX3 data sheet, section 2.5.6): gate and output of the speaker
/// counter, refresh toggle, parity and channel check enables.
/// </summary>
public sealed class SystemControlPort : ISnapshotable
{
    // A refresh cycle comes every 18 CLK pulses of the interval timer.
    private const long RefreshNanoseconds = 15_085;

    private readonly MachineClock _clock;
    private readonly IntervalTimer _timer;
    private byte _control;

    /// <summary>Creates the register; its gate bit drives the timer's counter 2.</summary>
    public SystemControlPort(MachineClock clock, IntervalTimer timer)
    {
        _clock = clock;
        _timer = timer;
        Ports = new BytePorts(1, Read, Write);
    }

    /// <inheritdoc/>
    public string SnapshotName => "port61";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The port itself.</summary>
    public IPortDevice Ports { get; }

    /// <summary>True when the speaker is connected to counter 2.</summary>
    public bool IsSpeakerEnabled => (_control & 2) != 0;

    /// <summary>The data bit, with which software switches the speaker.</summary>
    internal bool SpeakerData
    {
        get => IsSpeakerEnabled;
        set => _control = (byte)((_control & ~2) | (value ? 2 : 0));
    }

    /// <summary>Called before the way to the loudspeaker is switched.</summary>
    internal Action? SpeakerChanging { get; set; }

    /// <summary>Called after the way to the loudspeaker was switched.</summary>
    internal Action? SpeakerChanged { get; set; }

    /// <summary>Claims port 0x61.</summary>
    public void Map(PortBus ports) => ports.Map(0x61, 1, Ports, "port61");

    /// <summary>Clears the control bits.</summary>
    public void Reset() => Write(0, 0);

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer) => writer.Write("control", _control);

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader) => _control = reader.ReadByte("control");

    private byte Read(int offset)
        => (byte)(_control
            | (_clock.NowNanoseconds / RefreshNanoseconds % 2 != 0 ? 0x10 : 0)
            | (_timer.Output2 ? 0x20 : 0));

    private void Write(int offset, byte value)
    {
        SpeakerChanging?.Invoke();
        _control = (byte)(value & 0x0f);
        _timer.Gate2 = (value & 1) != 0;
        SpeakerChanged?.Invoke();
    }
}
