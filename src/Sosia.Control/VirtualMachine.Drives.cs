using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Devices.Block;
using Sosia.Machines;

namespace Sosia.Control;

/// <content>Changing media. Callable from any thread, also while the machine runs: the guest notices at its next access.</content>
public sealed partial class VirtualMachine
{
    /// <summary>The names of the drives whose medium can be changed: "ide1-0", "floppy0", "ahci2".</summary>
    public IEnumerable<string> RemovableDriveNames => RemovableDrives.Keys;

    /// <summary>Takes the medium out of a drive.</summary>
    /// <param name="drive">The drive's name.</param>
    /// <param name="force">True to do so although the guest has locked the drive.</param>
    /// <exception cref="SosiaException">There is no such drive, or the guest has locked it.</exception>
    public void Eject(string drive, bool force = false) => FindRemovable(drive).Eject(force);

    /// <summary>Puts a medium into a drive, in the place of what was there.</summary>
    /// <param name="drive">The drive's name.</param>
    /// <param name="medium">What to put in; its interface and place are not looked at.</param>
    /// <exception cref="SosiaException">There is no such drive, the guest has locked it, or the file cannot be used.</exception>
    public void Insert(string drive, DriveOptions medium)
    {
        ArgumentNullException.ThrowIfNull(medium);
        RemovableDrive target = FindRemovable(drive);
        if (!medium.HasMedium)
        {
            throw new SosiaException($"There is nothing to put into drive '{drive}'; name a file.");
        }

        target.Insert((target.HasReadOnlyMedia ? medium with { IsReadOnly = true } : medium).Open());
    }

    private IReadOnlyDictionary<string, RemovableDrive> RemovableDrives
        => Machine is X86Machine x86 ? x86.RemovableDrives : new Dictionary<string, RemovableDrive>();

    private RemovableDrive FindRemovable(string drive)
        => RemovableDrives.TryGetValue(drive, out RemovableDrive? found)
            ? found
            : throw new SosiaException($"There is no drive '{drive}' whose medium can be changed; there are: {string.Join(", ", RemovableDrives.Keys)}.");
}
