using System.Collections.Generic;
using Sosia.Core;
using Sosia.Devices.Ahci;
using Sosia.Devices.Block;
using Sosia.Devices.Floppy;
using Sosia.Devices.Ide;
using Sosia.Devices.Nvme;
using Sosia.Devices.Pci;
using Sosia.Devices.Usb.Storage;
using Sosia.Machines.Firmware;

namespace Sosia.Machines;

/// <summary>Gives the drives of a PC their places at the controllers, as its user said or as is usual.</summary>
internal sealed class PcStorage
{
    private const int IdePlaces = 4;
    private const int MaxNvme = 16;
    private const int MaxUsb = 8;

    // A CD-ROM drive is the secondary channel's first device, where nobody said anything else.
    private static readonly int[] DiskOrder = [0, 1, 2, 3];
    private static readonly int[] CdRomOrder = [2, 3, 1, 0];

    private readonly X86Machine _machine;

    // What firmware can start from, in the order of the places: the controller (null: on the ISA bus), and the path behind it.
    private readonly List<(BootDeviceKind Kind, PciFunction? Controller, string NodeName, string PathBehind)> _bootable = [];

    public PcStorage(X86Machine machine)
    {
        _machine = machine;
    }

    /// <summary>What firmware can start from; to be called when the controllers have their places on the bus.</summary>
    public IEnumerable<BootDevice> DescribeBootDevices()
    {
        foreach ((BootDeviceKind kind, PciFunction? controller, string nodeName, string pathBehind) in _bootable)
        {
            yield return controller is null ? new BootDevice(kind, "/pci@i0cf8/isa@1" + pathBehind) : BootDevice.OnPci(kind, controller, nodeName, pathBehind);
        }
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
            _bootable.Add((KindOf(options), ide, "ide", $"/drive@{channel}/disk@{unit}"));
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
            _bootable.Add((BootDeviceKind.Floppy, null, "fdc", $"/fdc@03f0/floppy@{place}"));
        }
    }

    /// <summary>Creates the controllers that are there only when drives need them: AHCI with up to six, NVMe for one each.</summary>
    /// <exception cref="SosiaException">A place is taken, or there are too many; or a file cannot be used.</exception>
    public IReadOnlyList<PciFunction> CreateControllers()
    {
        List<PciFunction> functions = [];
        SortedDictionary<int, DriveOptions> ports = AssignPlaces(DriveInterface.Ahci, "ahci", AhciController.PortCount);
        if (ports.Count != 0)
        {
            var ahci = new AhciController("ahci0", _machine.Clock, _machine.Memory, _machine.Log);
            functions.Add(ahci);
            foreach ((int port, DriveOptions options) in ports)
            {
                AttachAhci(ahci, port, options);
            }
        }

        foreach ((int place, DriveOptions options) in AssignPlaces(DriveInterface.Nvme, "nvme", MaxNvme))
        {
            BlockDrive drive = _machine.OpenDrive($"nvme{place}", options);
            var nvme = new NvmeController($"nvme{place}", _machine.Clock, _machine.Memory, drive, $"SOSIANV{place}", _machine.Log);
            functions.Add(nvme);
            _bootable.Add((BootDeviceKind.Disk, nvme, "pci1b36,10", string.Empty));
        }

        return functions;
    }

    /// <summary>Creates the disks on the USB.</summary>
    /// <exception cref="SosiaException">A place is taken, or there are too many; or a file cannot be used.</exception>
    public IReadOnlyList<UsbStorage> CreateUsbDisks()
    {
        List<UsbStorage> disks = [];
        foreach ((int place, DriveOptions options) in AssignPlaces(DriveInterface.Usb, "usb", MaxUsb))
        {
            string name = $"usb-storage{place}";
            disks.Add(new UsbStorage(name, _machine.OpenDrive(name, options), $"0000505349410{place:X3}", _machine.Log));
        }

        return disks;
    }

    private void AttachAhci(AhciController ahci, int port, DriveOptions options)
    {
        string name = $"ahci{port}";
        _bootable.Add((KindOf(options), ahci, "pci8086,2922", $"/drive@{port}/disk@0"));
        if (options.IsCdRom)
        {
            ahci.AttachCdRom(port, _machine.OpenRemovableDrive(name, options), $"SOSIACD{port}");
        }
        else
        {
            ahci.AttachDisk(port, _machine.OpenDrive(name, options), $"SOSIASD{port}");
        }
    }

    private static BootDeviceKind KindOf(DriveOptions options) => options.IsCdRom ? BootDeviceKind.CdRom : BootDeviceKind.Disk;

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
