using System.Collections.Generic;
using Sosia.Devices.Usb;
using Sosia.Devices.Usb.Hid;
using Sosia.Devices.Usb.Storage;
using Sosia.Devices.Usb.Uhci;
using Sosia.Machines.Firmware;

namespace Sosia.Machines;

/// <summary>The USB of a PC: as many UHCI controllers as its devices need, two ports each.</summary>
internal sealed class PcUsb
{
    private readonly List<UhciController> _controllers = [];
    private readonly List<(UhciController Controller, int Port)> _disks = [];

    /// <summary>Creates controllers and devices.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="options">What its user wants of keyboards and pointers.</param>
    /// <param name="disks">The disks.</param>
    public PcUsb(X86Machine machine, UsbOptions options, IReadOnlyList<UsbStorage> disks)
    {
        List<UsbDevice> devices = [];
        if (options.HasKeyboard)
        {
            Keyboard = new UsbKeyboard("usb-kbd0", machine.Clock);
            devices.Add(Keyboard);
        }

        if (options.HasTablet)
        {
            Tablet = new UsbTablet("usb-tablet0", machine.Clock);
            devices.Add(Tablet);
        }

        devices.AddRange(disks);
        for (int i = 0; i == 0 || i < devices.Count; i += UhciController.PortCount)
        {
            var controller = new UhciController($"uhci{i / UhciController.PortCount}", machine.Clock, machine.Memory, machine.Log);
            _controllers.Add(controller);
            for (int port = 0; port < UhciController.PortCount && i + port < devices.Count; port++)
            {
                controller.Attach(port, devices[i + port]);
                if (devices[i + port] is UsbStorage)
                {
                    _disks.Add((controller, port));
                }
            }
        }
    }

    /// <summary>The controllers; the first one belongs to the south bridge.</summary>
    public IReadOnlyList<UhciController> Controllers => _controllers;

    /// <summary>The keyboard; null for none.</summary>
    public UsbKeyboard? Keyboard { get; }

    /// <summary>The absolute pointer; null for none.</summary>
    public UsbTablet? Tablet { get; }

    /// <summary>What firmware can start from; to be called when the controllers have their places on the bus.</summary>
    public IEnumerable<BootDevice> DescribeBootDevices()
    {
        foreach ((UhciController controller, int port) in _disks)
        {
            yield return BootDevice.OnPci(BootDeviceKind.Disk, controller, "usb", $"/storage@{port + 1}/channel@0/disk@0,0");
        }
    }
}
