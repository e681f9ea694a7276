namespace Sosia.Devices.Usb.Storage;

/// <summary>Why a SCSI command failed: sense key, additional code and qualifier, a byte each (SPC-4, annex D).</summary>
internal static class ScsiSense
{
    public const int None = 0;
    public const int NoMedium = 0x02_3a_00;
    public const int ReadError = 0x03_11_00;
    public const int WriteError = 0x03_0c_00;
    public const int UnknownCommand = 0x05_20_00;
    public const int OutOfRange = 0x05_21_00;
    public const int BadField = 0x05_24_00;
    public const int WriteProtected = 0x07_27_00;
}
