using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Devices.Block;
using Sosia.Devices.Floppy;
using Sosia.Devices.Ide;

namespace Sosia.Machines;

/// <summary>Gives the drives of a PC their places at the controllers, as its user said or as is usual.</summary>
internal sealed class PcStorage
{
    private const int IdePlaces = 4;

    // A CD-ROM drive is the secondary channel's first device, where nobody said anything else.
    private static readonly int[] DiskOrder = [0, 1, 2, 3];
    private static readonly int[] CdRomOrder = [2, 3, 1, 0];

    private readonly X86Machine _machine;

    public PcStorage(X86Machine machine)
    {
        _machine = machine;
    }

    /// <summary>Connects the drives of the IDE interface.</summary>
    /// <exception cref="SosiaException">A place is taken, or there are too many; or a file cannot be used.</exception>
    public void AttachIde(PiixIdeFunction ide)
    {
        foreach ((int place, DriveOptions options) in AssignPlaces(DriveInterface.Ide, "ide", IdePlaces))
        {
            int channel = place / 2;
            int unit = place % 2;
            string name = $"ide{channel}-{unit}";
            if (options.IsCdRom)
            {
                ide.AttachCdRom(channel, unit, _machine.OpenRemovableDrive(name, options), $"SOSIACD{place}");
            }
            else
            {
                ide.AttachDisk(channel, unit, _machine.OpenDrive(name, options), $"SOSIAHD{place}");
            }
        }
    }

    /// <summary>Connects the floppy disk drives.</summary>
    /// <exception cref="SosiaException">A place is taken, or there are too many; or a file cannot be used.</exception>
    public void AttachFloppies(FloppyController controller)
    {
        foreach ((int place, DriveOptions options) in AssignPlaces(DriveInterface.Floppy, "floppy", FloppyController.MaxDrives))
        {
            controller.Attach(place, _machine.OpenRemovableDrive($"floppy{place}", options));
        }
    }

    // Those with a place of their user's choice first.
    private SortedDictionary<int, DriveOptions> AssignPlaces(DriveInterface drive, string interfaceName, int placeCount)
    {
        SortedDictionary<int, DriveOptions> places = [];
        foreach (DriveOptions options in _machine.Options.Drives)
        {
            if (options.Interface != drive || options.Index is not { } index)
            {
                continue;
            }

            if (index >= placeCount)
            {
                throw new SosiaException($"The drive '{options.File}' has index={index}, but there are only {placeCount} places for if={interfaceName}; give a smaller index.");
            }

            if (!places.TryAdd(index, options))
            {
                throw new SosiaException($"Two drives have index={index} of if={interfaceName}; give each another one.");
            }
        }

        foreach (DriveOptions options in _machine.Options.Drives)
        {
            if (options.Interface == drive && options.Index is null)
            {
                places.Add(FindFree(places, options, interfaceName, placeCount), options);
            }
        }

        return places;
    }

    private static int FindFree(SortedDictionary<int, DriveOptions> places, DriveOptions options, string interfaceName, int placeCount)
    {
        for (int i = 0; i < placeCount; i++)
        {
            int place = options.Interface == DriveInterface.Ide ? (options.IsCdRom ? CdRomOrder : DiskOrder)[i] : i;
            if (!places.ContainsKey(place))
            {
                return place;
            }
        }

        throw new SosiaException($"There are more than {placeCount} drives with if={interfaceName}; put the others on another interface.");
    }
}
