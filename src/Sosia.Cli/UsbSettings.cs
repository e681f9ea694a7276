using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Devices.Block;
using Sosia.Machines;

namespace Sosia.Cli;

/// <summary>What <c>--usb</c> and <c>--usb-device</c> say.</summary>
/// <param name="Usb">Keyboards and pointers; null for no USB.</param>
/// <param name="Disks">The disks.</param>
internal sealed record UsbSettings(UsbOptions? Usb, IReadOnlyList<DriveOptions> Disks)
{
    /// <summary>How a device is written.</summary>
    public const string Form = "kbd|tablet|storage,file=F[,…]";

    private const string StoragePrefix = "storage,";

    /// <summary>Reads the options' values.</summary>
    /// <param name="controller">The value of --usb; null when it was not given.</param>
    /// <param name="devices">The values of --usb-device.</param>
    /// <exception cref="SosiaException">A value is unknown, or something is there twice that can only be once.</exception>
    public static UsbSettings Parse(string? controller, IReadOnlyList<string> devices)
    {
        if (controller is not (null or "uhci"))
        {
            throw new SosiaException(controller is "xhci" or "ehci" or "ohci"
                ? $"The USB controller '{controller}' is not implemented; say --usb uhci."
                : $"The USB controller '{controller}' is unknown; say --usb uhci.");
        }

        bool hasKeyboard = false;
        bool hasTablet = false;
        List<DriveOptions> disks = [];
        foreach (string device in devices)
        {
            switch (device)
            {
                case "kbd":
                    hasKeyboard = !hasKeyboard ? true : throw Repeated(device);
                    break;
                case "tablet":
                    hasTablet = !hasTablet ? true : throw Repeated(device);
                    break;
                case not null when device.StartsWith(StoragePrefix, StringComparison.Ordinal):
                    // The place on the USB is last, so that whoever gives another one is told that he gives two.
                    disks.Add(DriveOptions.Parse(device[StoragePrefix.Length..] + ",if=usb"));
                    break;
                default:
                    throw new SosiaException($"The USB device '{device}' is unknown; say --usb-device {Form}.");
            }
        }

        bool isWanted = controller is not null || hasKeyboard || hasTablet;
        return new UsbSettings(isWanted ? new UsbOptions { HasKeyboard = hasKeyboard, HasTablet = hasTablet } : null, disks);
    }

    private static SosiaException Repeated(string device) => new($"There can be one USB device '{device}' only; give --usb-device {device} once.");
}
