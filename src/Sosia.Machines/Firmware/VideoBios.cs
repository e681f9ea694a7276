using System.IO;
using Sosia.Core;
using Sosia.Devices.Chipset;
using Sosia.Devices.Vga;

namespace Sosia.Machines.Firmware;

/// <summary>Which video BIOS the display adapter has: the one that comes along, or one among the user's option ROMs.</summary>
internal static class VideoBios
{
    /// <summary>True for an option ROM that was made for the display adapter and is not at an address of its own: it goes into the adapter.</summary>
    public static bool IsForAdapter(OptionRom rom) => rom.GuestPhysical is null && rom.IsFor(VgaAdapter.VendorId, VgaAdapter.DeviceId);

    /// <summary>What is in the adapter's ROM. Empty for an adapter without, because an option ROM is in the usual place of a video BIOS.</summary>
    /// <exception cref="SosiaException">There are two for the adapter, or one that does not fit.</exception>
    public static byte[] Choose(MachineOptions options)
    {
        OptionRom? chosen = null;
        foreach (OptionRom rom in options.OptionRoms)
        {
            if (rom.GuestPhysical == I440FxHostBridge.AreaBase)
            {
                return [];
            }

            if (IsForAdapter(rom))
            {
                chosen = chosen is null
                    ? rom
                    : throw new SosiaException($"The option ROMs '{chosen.Name}' and '{rom.Name}' are both video BIOSes of the display adapter; give one of them.");
            }
        }

        return chosen is null ? Embedded()
            : chosen.Content.Length <= VgaAdapter.RomByteCount ? chosen.Content
            : throw new SosiaException($"The video BIOS '{chosen.Name}' has {chosen.Content.Length} bytes; the display adapter has room for {VgaAdapter.RomByteCount}, so name another one.");
    }

    // The video BIOS that comes along with the firmware.
    private static byte[] Embedded()
    {
        using Stream? stream = typeof(VideoBios).Assembly.GetManifestResourceStream("firmware/seabios/vgabios-stdvga.bin");
        byte[] rom = new byte[stream?.Length ?? 0];
        stream?.ReadExactly(rom);
        return rom;
    }
}
