namespace Sosia.Devices.Network.Ne2000;

/// <summary>Register numbers of the DP8390D (National Semiconductor data sheet, section 10) within their pages, and ports of an NE2000 behind them.</summary>
internal static class Ne2000Register
{
    public const int Command = 0x00;

    // Page 0, written; pages 0 and 2 differ in what is read.
    public const int PageStart = 0x01;
    public const int PageStop = 0x02;
    public const int Boundary = 0x03;
    public const int TransmitPage = 0x04;
    public const int TransmitCountLow = 0x05;
    public const int TransmitCountHigh = 0x06;
    public const int InterruptStatus = 0x07;
    public const int RemoteAddressLow = 0x08;
    public const int RemoteAddressHigh = 0x09;
    public const int RemoteCountLow = 0x0a;
    public const int RemoteCountHigh = 0x0b;
    public const int ReceiveConfiguration = 0x0c;
    public const int TransmitConfiguration = 0x0d;
    public const int DataConfiguration = 0x0e;
    public const int InterruptMask = 0x0f;

    // Page 0, read.
    public const int TransmitStatus = 0x04;
    public const int ReceiveStatus = 0x0c;
    public const int MissedCount = 0x0f;

    // Page 1.
    public const int PhysicalAddress = 0x01;
    public const int Current = 0x07;
    public const int MulticastAddress = 0x08;

    /// <summary>The first of the eight ports through which the card's memory is accessed.</summary>
    public const int Data = 0x10;

    /// <summary>The first of the eight ports whose reading resets the card.</summary>
    public const int Reset = 0x18;

    /// <summary>How many ports a card has.</summary>
    public const int PortCount = 0x20;
}
