namespace Sosia.Display.Rfb;

/// <summary>Numbers of encodings and pseudo-encodings (RFC 6143, section 7.7, and the registry of the RFB community).</summary>
internal static class RfbEncoding
{
    public const int Raw = 0;
    public const int Hextile = 5;
    public const int Zrle = 16;
    public const int DesktopSize = -223;
    public const int PointerMotionChange = -257;
    public const int ExtendedKeyEvent = -258;
    public const int ExtendedDesktopSize = -308;
}
