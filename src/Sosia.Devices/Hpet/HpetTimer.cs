using Sosia.Core.Snapshots;

namespace Sosia.Devices.Hpet;

/// <summary>The state of one HPET comparator (IA-PC HPET Specification 1.0a, section 2.3.8).</summary>
internal sealed class HpetTimer
{
    public const ulong Level = 1 << 1;
    public const ulong InterruptEnable = 1 << 2;
    public const ulong Periodic = 1 << 3;
    public const ulong ValueSet = 1 << 6;
    public const ulong Narrow = 1 << 8;

    public ulong Configuration { get; set; }

    public ulong Comparator { get; set; }

    public ulong Period { get; set; }

    /// <summary>True once the comparator matched and was not changed since: the next match is a whole wrap away.</summary>
    public bool Matched { get; set; }

    public bool IsPeriodic => (Configuration & Periodic) != 0;

    public bool IsNarrow => (Configuration & Narrow) != 0;

    public ulong ValueMask => IsNarrow ? uint.MaxValue : ulong.MaxValue;

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "configuration", Configuration);
        writer.Write(prefix + "comparator", Comparator);
        writer.Write(prefix + "period", Period);
        writer.Write(prefix + "matched", Matched);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        Configuration = reader.ReadUInt64(prefix + "configuration");
        Comparator = reader.ReadUInt64(prefix + "comparator");
        Period = reader.ReadUInt64(prefix + "period");
        Matched = reader.ReadBoolean(prefix + "matched");
    }
}
