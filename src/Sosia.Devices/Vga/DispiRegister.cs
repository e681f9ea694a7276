namespace Sosia.Devices.Vga;

/// <summary>The registers of the Bochs display extension ("dispi", Bochs VBE_DISPI interface, version B0C5), behind ports 1CEh and 1CFh.</summary>
internal static class DispiRegister
{
    public const int Id = 0;
    public const int Width = 1;
    public const int Height = 2;
    public const int BitsPerPixel = 3;
    public const int Enable = 4;
    public const int Bank = 5;
    public const int VirtualWidth = 6;
    public const int VirtualHeight = 7;
    public const int OffsetX = 8;
    public const int OffsetY = 9;
    public const int MemorySize = 10;

    public const ushort Version0 = 0xb0c0;
    public const ushort Version5 = 0xb0c5;

    /// <summary>Enable: the mode of the extension is shown, not the VGA's.</summary>
    public const ushort Enabled = 0x01;

    /// <summary>Enable: width, height and depth read as the largest that there are.</summary>
    public const ushort GetCapabilities = 0x02;

    /// <summary>Enable: palette registers have 8 bits.</summary>
    public const ushort EightBitPalette = 0x20;

    /// <summary>Enable: the memory is not cleared.</summary>
    public const ushort NoClear = 0x80;

    public const int MaxWidth = 2560;
    public const int MaxHeight = 1600;
    public const int MaxBitsPerPixel = 32;
}
