using System;
using System.Collections.Generic;
using Sosia.Core;

namespace Sosia.Images;

/// <summary>The snapshots inside an image.</summary>
public interface ISnapshotStore
{
    /// <summary>All of them, oldest first.</summary>
    IReadOnlyList<DiskSnapshot> Snapshots { get; }

    /// <summary>Keeps the disk's present contents.</summary>
    /// <exception cref="SosiaException">The name exists, the image is read-only, or the host failed.</exception>
    void CreateSnapshot(string name, DateTimeOffset time);

    /// <summary>Makes the disk what it was; what it is now is lost.</summary>
    /// <exception cref="SosiaException">There is none of that name or number, the image is read-only, or the host failed.</exception>
    void ApplySnapshot(string nameOrId);

    /// <summary>Forgets a snapshot; the disk stays as it is.</summary>
    /// <exception cref="SosiaException">There is none of that name or number, the image is read-only, or the host failed.</exception>
    void DeleteSnapshot(string nameOrId);
}
