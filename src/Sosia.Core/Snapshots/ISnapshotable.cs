namespace Sosia.Core.Snapshots;

/// <summary>A part of a machine that can be saved at any instruction boundary and restored into a fresh machine of the same shape.</summary>
public interface ISnapshotable
{
    /// <summary>The section's name, unique in its machine ("cpu0", "pic", "virtio-blk0").</summary>
    string SnapshotName { get; }

    /// <summary>The version of the section's format, raised whenever its meaning changes.</summary>
    int SnapshotVersion { get; }

    /// <summary>Writes every field that the guest or the future can observe.</summary>
    void Save(SnapshotWriter writer);

    /// <summary>Reads the fields back and re-derives everything else, without side effects on other parts.</summary>
    /// <exception cref="SosiaException">The section is damaged or of an unknown version.</exception>
    void Restore(SnapshotReader reader);
}
