using System;

namespace Sosia.Devices.Sound;

/// <summary>The sound devices that a machine can have.</summary>
[Flags]
public enum SoundDevices
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The PC speaker is heard.</summary>
    PcSpeaker = 1 << 0,

    /// <summary>The AC'97 controller of an 82801AA, on the PCI bus.</summary>
    Ac97 = 1 << 1,

    /// <summary>A Sound Blaster 16 at port 0x220, interrupt 5, DMA channels 1 and 5.</summary>
    Sb16 = 1 << 2,
}
