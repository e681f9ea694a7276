using System;
using System.Threading;
using Sosia.Core;
using Sosia.Core.Snapshots;
using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>
/// A drive whose medium can be changed while the machine runs: a CD-ROM or floppy drive. <see cref="Insert"/> and <see cref="Eject"/> may be called
/// from any thread; the controller notices at the guest's next access, by <see cref="ChangeCount"/>.
/// </summary>
public sealed class RemovableDrive : BlockDrive
{
    private long _changeCount;
    private volatile bool _isLocked;
    private volatile bool _isTrayOpen;

    /// <summary>Creates a drive.</summary>
    /// <param name="name">Its name in messages and for <c>eject</c>.</param>
    /// <param name="medium">What is in it, owned by the drive; null for nothing.</param>
    /// <param name="policy">What becomes of failures of the host.</param>
    public RemovableDrive(string name, IBlockBackend? medium, BlockErrorPolicy policy)
        : base(name, medium, policy)
    {
    }

    /// <summary>True for a drive that cannot write, as CD-ROM drives are.</summary>
    public bool HasReadOnlyMedia { get; init; }

    /// <summary>How often the medium was changed or taken out.</summary>
    public long ChangeCount => Interlocked.Read(ref _changeCount);

    /// <summary>True while the guest forbids to take the medium out (MMC: PREVENT ALLOW MEDIUM REMOVAL).</summary>
    public bool IsLocked
    {
        get => _isLocked;
        internal set => _isLocked = value;
    }

    /// <summary>True while the tray is out.</summary>
    public bool IsTrayOpen
    {
        get => _isTrayOpen;
        internal set => _isTrayOpen = value;
    }

    /// <summary>True when a person has pressed the eject button of a locked drive, since the guest last asked.</summary>
    internal bool WasEjectRequested { get; set; }

    /// <summary>Puts a medium in, in the place of what was there, and closes the tray.</summary>
    /// <param name="medium">The medium; owned by the drive, also when it refuses.</param>
    /// <exception cref="SosiaException">The guest has locked the drive.</exception>
    public void Insert(IBlockBackend medium)
    {
        ArgumentNullException.ThrowIfNull(medium);
        if (IsLocked && HasMedium)
        {
            medium.Dispose();
            throw Locked();
        }

        ReplaceMedium(medium);
        IsTrayOpen = false;
        Interlocked.Increment(ref _changeCount);
    }

    /// <summary>Takes the medium out.</summary>
    /// <param name="force">True to do so although the guest has locked the drive, as with the pin hole at the front.</param>
    /// <exception cref="SosiaException">The guest has locked the drive.</exception>
    public void Eject(bool force = false)
    {
        if (IsLocked && !force)
        {
            WasEjectRequested = true;
            throw Locked();
        }

        ReplaceMedium(null);
        IsTrayOpen = true;
        Interlocked.Increment(ref _changeCount);
    }

    /// <summary>The guest moves the tray, with the medium that lies in it.</summary>
    internal void MoveTray(bool opens)
    {
        if (opens != IsTrayOpen)
        {
            IsTrayOpen = opens;
            Interlocked.Increment(ref _changeCount);
        }
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer, string prefix)
    {
        base.Save(writer, prefix);
        writer.Write(prefix + "changeCount", ChangeCount);
        writer.Write(prefix + "isLocked", IsLocked);
        writer.Write(prefix + "isTrayOpen", IsTrayOpen);
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader, string prefix)
    {
        base.Restore(reader, prefix);
        Interlocked.Exchange(ref _changeCount, reader.ReadInt64(prefix + "changeCount"));
        IsLocked = reader.ReadBoolean(prefix + "isLocked");
        IsTrayOpen = reader.ReadBoolean(prefix + "isTrayOpen");
    }

    private SosiaException Locked()
        => new($"The guest has locked the medium in drive '{Name}'; unmount it in the guest, or take it out by force.");
}
