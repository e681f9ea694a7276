namespace Sosia.Devices.Pci;

/// <summary>What a PCI function says it is (PCI Local Bus Specification 3.0, section 6.2.1).</summary>
/// <param name="VendorId">Offset 0x00.</param>
/// <param name="DeviceId">Offset 0x02.</param>
/// <param name="ClassCode">Offsets 0x09 to 0x0B: class (bits 23:16), subclass, programming interface.</param>
/// <param name="Revision">Offset 0x08.</param>
/// <param name="SubsystemVendorId">Offset 0x2C.</param>
/// <param name="SubsystemId">Offset 0x2E.</param>
public readonly record struct PciIdentity(
    ushort VendorId,
    ushort DeviceId,
    uint ClassCode,
    byte Revision = 0,
    ushort SubsystemVendorId = 0,
    ushort SubsystemId = 0);
