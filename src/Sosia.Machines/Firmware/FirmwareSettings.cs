using System;
using System.Collections.Generic;
using System.Text;
using Sosia.Devices.FwCfg;
using Sosia.Devices.Mc146818;
using Sosia.Devices.Uart16550;
using Sosia.Machines.Acpi;
using Sosia.Machines.Boot;
using Sosia.Machines.Smbios;

namespace Sosia.Machines.Firmware;

/// <summary>Tells firmware what the machine is made of and what to start: through fw_cfg, and through CMOS memory for firmware that does not know fw_cfg.</summary>
internal static class FirmwareSettings
{
    // CMOS memory: which device to start from, three of four bits each; bit 0 of the second byte leaves out a check of floppies.
    private const int FirstAndSecondDevice = 0x3d;
    private const int ThirdDevice = 0x38;
    private const byte WithoutFloppyCheck = 1;

    // etc/e820: records of {address, size, kind}.
    private const int MapStride = 20;

    // etc/system-states: S0 to S5; bit 7: the machine has it.
    private static readonly byte[] SystemStates = [0x80, 0, 0, 0, 0, 0x80];

    /// <summary>Fills the fw_cfg interface.</summary>
    /// <param name="fwCfg">The interface; emptied first.</param>
    /// <param name="options">The machine's options.</param>
    /// <param name="memory">The RAM, as {address, size, kind}.</param>
    /// <param name="acpi">Makes the ACPI tables for the chipset's present settings.</param>
    /// <param name="bootOrder">The devices to try, in this order.</param>
    public static void Fill(FwCfgDevice fwCfg, MachineOptions options, IReadOnlyList<MemoryRange> memory, Func<AcpiImage> acpi, IReadOnlyList<BootDevice> bootOrder)
    {
        BootOptions boot = options.Boot ?? new BootOptions();
        ulong lowMemoryEnd = memory[0].ByteCount;
        ulong highMemory = memory.Count > 1 ? memory[1].ByteCount : 0;
        fwCfg.Clear();
        fwCfg.SetItem(FwCfgKey.Uuid, new byte[16]);
        fwCfg.SetUInt64(FwCfgKey.RamByteCount, lowMemoryEnd + highMemory);
        fwCfg.SetUInt16(FwCfgKey.NoGraphics, options.FirmwareUsesSerial ? (ushort)1 : (ushort)0);
        fwCfg.SetUInt16(FwCfgKey.CpuCount, (ushort)options.CpuCount);
        fwCfg.SetUInt16(FwCfgKey.MaxCpuCount, (ushort)options.CpuCount);
        fwCfg.SetUInt16(FwCfgKey.BootMenu, boot.HasMenu ? (ushort)1 : (ushort)0);
        fwCfg.AddFile("etc/e820", Map(memory));
        fwCfg.AddFile("etc/max-cpus", [(byte)options.CpuCount, 0]);
        fwCfg.AddFile("etc/system-states", SystemStates);
        fwCfg.AddFile(AcpiLoaderScript.TablesFile, () => acpi().Tables.Bytes);
        fwCfg.AddFile(AcpiLoaderScript.RootPointerFile, () => acpi().RootPointer.Bytes);
        fwCfg.AddFile("etc/table-loader", () => AcpiLoaderScript.For(acpi()));
        (byte[] entryPoint, byte[] table) = SmbiosTables.Build(options.Machine, lowMemoryEnd, highMemory, options.CpuCount);
        fwCfg.AddFile("etc/smbios/smbios-anchor", entryPoint);
        fwCfg.AddFile("etc/smbios/smbios-tables", table);
        if (options.FirmwareUsesSerial)
        {
            fwCfg.AddFile("etc/sercon-port", [SerialPort.Com1 & 0xff, SerialPort.Com1 >> 8]);
        }

        if (boot.MenuWaitMilliseconds is { } wait)
        {
            fwCfg.AddFile("etc/boot-menu-wait", [(byte)wait, (byte)(wait >> 8)]);
        }

        // Firmware without this file tries again after a minute.
        int retry = boot.RetryMilliseconds ?? -1;
        fwCfg.AddFile("etc/boot-fail-wait", [(byte)retry, (byte)(retry >> 8), (byte)(retry >> 16), (byte)(retry >> 24)]);
        if (options.Kernel is { } kernel)
        {
            LinuxItems.Add(fwCfg, options, kernel, lowMemoryEnd);
        }

        byte[] order = Order(options.Kernel is not null, bootOrder, boot.IsStrict);
        fwCfg.AddFile("bootorder", () => order);
        foreach (OptionRom rom in options.OptionRoms)
        {
            if (rom.GuestPhysical is null && (options.Vga == "none" || !VideoBios.IsForAdapter(rom)))
            {
                fwCfg.AddFile(OptionRom.Folder + rom.Name, rom.Content);
            }
        }

        foreach (FirmwareItem item in options.FirmwareItems)
        {
            fwCfg.AddFile(item.Name, item.Content);
        }
    }

    /// <summary>Writes the order of devices into CMOS memory.</summary>
    public static void WriteOrder(RealTimeClock clock, IReadOnlyList<BootDeviceKind> kinds)
    {
        int first = CmosCode(kinds, 0) | (CmosCode(kinds, 1) << 4);
        clock.WriteMemory(FirstAndSecondDevice, (byte)first);
        clock.WriteMemory(ThirdDevice, (byte)((CmosCode(kinds, 2) << 4) | WithoutFloppyCheck));
    }

    /// <summary>The devices of the machine in the order in which kinds are to be tried.</summary>
    public static IReadOnlyList<BootDevice> Sort(IReadOnlyList<BootDevice> devices, IReadOnlyList<BootDeviceKind> kinds)
    {
        List<BootDevice> sorted = [];
        foreach (BootDeviceKind kind in kinds)
        {
            foreach (BootDevice device in devices)
            {
                if (device.Kind == kind)
                {
                    sorted.Add(device);
                }
            }
        }

        return sorted;
    }

    private static int CmosCode(IReadOnlyList<BootDeviceKind> kinds, int index) => index >= kinds.Count ? 0 : kinds[index] switch
    {
        BootDeviceKind.Floppy => 1,
        BootDeviceKind.Disk => 2,
        BootDeviceKind.CdRom => 3,
        _ => 4,
    };

    private static byte[] Map(IReadOnlyList<MemoryRange> memory)
    {
        byte[] map = new byte[memory.Count * MapStride];
        BootLoader.WriteMap(memory, map, MapStride);
        return map;
    }

    // One path a line, with a zero at the end. "HALT" keeps the firmware from trying what is not named.
    private static byte[] Order(bool hasKernel, IReadOnlyList<BootDevice> devices, bool isStrict)
    {
        List<string> lines = [];
        if (hasKernel)
        {
            lines.Add(LinuxItems.LoaderPath);
        }

        foreach (BootDevice device in devices)
        {
            lines.Add(device.Path);
        }

        if (isStrict)
        {
            lines.Add("HALT");
        }

        return lines.Count == 0 ? [] : Encoding.ASCII.GetBytes(string.Join('\n', lines) + "\0");
    }
}
