namespace Sosia.Devices.Apic;

/// <summary>An interrupt message between local APICs, I/O APICs and message-signalled devices.</summary>
/// <param name="Destination">APIC id or logical destination; <see cref="Broadcast"/> in physical mode reaches everybody.</param>
/// <param name="IsLogical">True when the destination is a logical one.</param>
/// <param name="Mode">What the message does.</param>
/// <param name="Vector">The vector, for the modes that have one.</param>
/// <param name="IsLevelTriggered">True when an end-of-interrupt must be broadcast to the I/O APICs.</param>
public readonly record struct ApicMessage(uint Destination, bool IsLogical, ApicDeliveryMode Mode, byte Vector, bool IsLevelTriggered)
{
    /// <summary>The physical destination that reaches every processor.</summary>
    public const uint Broadcast = 0xffff_ffff;

    /// <summary>The message as a device writes it to memory (Intel SDM volume 3, 11.11).</summary>
    public (ulong Address, uint Data) ToMemoryWrite()
        => (0xfee0_0000 | ((ulong)(byte)Destination << 12) | (IsLogical ? 4u : 0),
            Vector | ((uint)Mode << 8) | (IsLevelTriggered ? 0xc000u : 0));

    /// <summary>Widens an 8-bit destination field: in physical mode 0xff means everybody.</summary>
    public static uint WidenDestination(byte destination, bool isLogical) => destination == 0xff && !isLogical ? Broadcast : destination;
}
