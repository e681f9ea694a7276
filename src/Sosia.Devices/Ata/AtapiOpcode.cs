namespace Sosia.Devices.Ata;

/// <summary>Operation codes of command packets (MMC-5, SPC-3; the audio commands of MMC-2).</summary>
internal static class AtapiOpcode
{
    public const byte TestUnitReady = 0x00;
    public const byte RequestSense = 0x03;
    public const byte Inquiry = 0x12;
    public const byte ModeSelect6 = 0x15;
    public const byte ModeSense6 = 0x1a;
    public const byte StartStopUnit = 0x1b;
    public const byte PreventAllowMediumRemoval = 0x1e;
    public const byte ReadCapacity = 0x25;
    public const byte Read10 = 0x28;
    public const byte Seek10 = 0x2b;
    public const byte Verify10 = 0x2f;
    public const byte ReadSubChannel = 0x42;
    public const byte ReadTocPmaAtip = 0x43;
    public const byte PlayAudio10 = 0x45;
    public const byte GetConfiguration = 0x46;
    public const byte PlayAudioMsf = 0x47;
    public const byte GetEventStatusNotification = 0x4a;
    public const byte PauseResume = 0x4b;
    public const byte StopPlayScan = 0x4e;
    public const byte ReadDiscInformation = 0x51;
    public const byte ReadTrackInformation = 0x52;
    public const byte ModeSelect10 = 0x55;
    public const byte ModeSense10 = 0x5a;
    public const byte Read12 = 0xa8;
    public const byte ReadDiscStructure = 0xad;
    public const byte ReadCdMsf = 0xb9;
    public const byte SetCdSpeed = 0xbb;
    public const byte MechanismStatus = 0xbd;
    public const byte ReadCd = 0xbe;
}
