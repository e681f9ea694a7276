using System.Globalization;
using Sosia.Devices.Pci;

namespace Sosia.Machines.Firmware;

/// <summary>A device that firmware can start from.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">
/// Where it is, as an Open Firmware device path (IEEE 1275, section 3.2.1.1): the node names that SeaBIOS and OVMF look for.
/// </param>
public sealed record BootDevice(BootDeviceKind Kind, string Path)
{
    /// <summary>A device on a PCI function.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="function">The function; it must be on its bus.</param>
    /// <param name="nodeName">The function's node name, such as "scsi" or "ide".</param>
    /// <param name="rest">The path from the function on, such as "/disk@0,0".</param>
    public static BootDevice OnPci(BootDeviceKind kind, PciFunction function, string nodeName, string rest)
    {
        string unit = function.FunctionNumber == 0
            ? function.DeviceNumber.ToString("x", CultureInfo.InvariantCulture)
            : $"{function.DeviceNumber:x},{function.FunctionNumber:x}";
        return new BootDevice(kind, $"/pci@i0cf8/{nodeName}@{unit}{rest}");
    }
}
