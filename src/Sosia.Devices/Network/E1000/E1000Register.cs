namespace Sosia.Devices.Network.E1000;

/// <summary>Register offsets of the 8254x (Intel 317453, section 13).</summary>
internal static class E1000Register
{
    public const int Control = 0x0000;
    public const int Status = 0x0008;
    public const int EepromControl = 0x0010;
    public const int EepromRead = 0x0014;
    public const int MdiControl = 0x0020;
    public const int VlanType = 0x0038;
    public const int InterruptCause = 0x00c0;
    public const int InterruptThrottle = 0x00c4;
    public const int InterruptCauseSet = 0x00c8;
    public const int InterruptMaskSet = 0x00d0;
    public const int InterruptMaskClear = 0x00d8;
    public const int ReceiveControl = 0x0100;
    public const int TransmitControl = 0x0400;
    public const int PacketBuffer = 0x1000;
    public const int ReceiveBase = 0x2800;
    public const int ReceiveLength = 0x2808;
    public const int ReceiveHead = 0x2810;
    public const int ReceiveTail = 0x2818;
    public const int TransmitBase = 0x3800;
    public const int TransmitLength = 0x3808;
    public const int TransmitHead = 0x3810;
    public const int TransmitTail = 0x3818;
    public const int Statistics = 0x4000;
    public const int GoodReceived = 0x4074;
    public const int GoodTransmitted = 0x4080;
    public const int StatisticsEnd = 0x4100;
    public const int MulticastTable = 0x5200;
    public const int ReceiveAddress = 0x5400;
    public const int ReceiveAddressEnd = 0x5480;
    public const int VlanTable = 0x5600;
    public const int VlanTableEnd = 0x5800;

    /// <summary>Registers that only keep what was written.</summary>
    public static bool IsStorage(int offset) => offset is 0x0018 or 0x0028 or 0x002c or 0x0030 or VlanType or 0x0170 or InterruptThrottle or 0x0178 or 0x0410 or 0x0458 or 0x0e00
        or PacketBuffer or (>= 0x2160 and < 0x2180) or ReceiveBase or (ReceiveBase + 4) or ReceiveLength or 0x2820 or 0x2828 or 0x282c
        or TransmitBase or (TransmitBase + 4) or TransmitLength or 0x3820 or 0x3828 or 0x382c or 0x3830 or 0x5000
        or (>= MulticastTable and < MulticastTable + 0x200) or (>= ReceiveAddress and < ReceiveAddressEnd) or (>= VlanTable and < VlanTableEnd)
        or 0x5800 or 0x5808 or 0x5810 or 0x5820 or 0x5838 or 0x5840;
}
