using Sosia.Core.Snapshots;
using Sosia.Devices.Block;

namespace Sosia.Devices.Floppy;

/// <summary>One floppy drive: where its head is, and what is in it.</summary>
internal sealed class FloppyUnit
{
    /// <summary>The last cylinder that a head reaches.</summary>
    public const int LastCylinder = 83;

    private readonly RemovableDrive? _drive;
    private long _knownChangeCount;
    private bool _changed = true;
    private FloppyGeometry _geometry;
    private bool _hasGeometry;

    /// <summary>A place without a drive.</summary>
    public FloppyUnit()
    {
    }

    /// <summary>A drive, of a type that suits what is in it.</summary>
    public FloppyUnit(RemovableDrive drive)
    {
        _drive = drive;
        Look();
        Type = !_hasGeometry ? FloppyDriveType.ThreeInchHighDensity
            : _geometry.IsFiveInch ? FloppyDriveType.FiveInchHighDensity
            : _geometry.Rate == 3 ? FloppyDriveType.ThreeInchExtraDensity
            : FloppyDriveType.ThreeInchHighDensity;
    }

    /// <summary>Its type; none for a place without a drive.</summary>
    public FloppyDriveType Type { get; }

    /// <summary>Where the head is.</summary>
    public int Cylinder { get; private set; }

    /// <summary>The medium.</summary>
    public RemovableDrive? Drive => _drive;

    /// <summary>The disk change line: set until a step finds a disk.</summary>
    public bool IsChanged
    {
        get
        {
            NoticeChange();
            return _changed && Type != FloppyDriveType.None;
        }
    }

    /// <summary>True when the disk may not be written.</summary>
    public bool IsWriteProtected => _drive is { HasMedium: true, IsReadOnly: true };

    /// <summary>The layout of the disk; false when there is none that this drive can read.</summary>
    public bool TryGetGeometry(out FloppyGeometry geometry)
    {
        NoticeChange();
        geometry = _geometry;
        return _hasGeometry && (Type == FloppyDriveType.FiveInchHighDensity) == _geometry.IsFiveInch
            && (Type == FloppyDriveType.ThreeInchExtraDensity || _geometry.Rate != 3);
    }

    /// <summary>The disk's cylinder under the head; −1 between two of a disk with wider tracks.</summary>
    public int MediumCylinder
        => _geometry.Cylinders > 40 ? Cylinder : (Cylinder & 1) == 0 ? Cylinder / 2 : -1;

    public void PowerOn()
    {
        Cylinder = 0;
        _changed = true;
        _knownChangeCount = _drive?.ChangeCount ?? 0;
        Look();
    }

    /// <summary>Moves the head.</summary>
    public void MoveTo(int cylinder)
    {
        bool steps = cylinder != Cylinder;
        Cylinder = cylinder < 0 ? 0 : cylinder > LastCylinder ? LastCylinder : cylinder;
        NoticeChange();
        if (steps && _drive is { HasMedium: true })
        {
            _changed = false;
        }
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "cylinder", Cylinder);
        writer.Write(prefix + "changed", _changed);
        writer.Write(prefix + "knownChangeCount", _knownChangeCount);
        _drive?.Save(writer, prefix);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        Cylinder = System.Math.Clamp(reader.ReadInt32(prefix + "cylinder"), 0, LastCylinder);
        _changed = reader.ReadBoolean(prefix + "changed");
        _knownChangeCount = reader.ReadInt64(prefix + "knownChangeCount");
        _drive?.Restore(reader, prefix);
        Look();
    }

    private void NoticeChange()
    {
        if (_drive is not null && _drive.ChangeCount != _knownChangeCount)
        {
            _knownChangeCount = _drive.ChangeCount;
            _changed = true;
            Look();
        }
    }

    private void Look()
    {
        _geometry = default;
        _hasGeometry = _drive is { HasMedium: true } && FloppyGeometry.TryFind(_drive.ByteCount, out _geometry);
    }
}
