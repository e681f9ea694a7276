using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;
using Sosia.Core;
using Sosia.Devices.FwCfg;
using Sosia.Machines.Boot;

namespace Sosia.Machines.Firmware;

/// <summary>
/// Gives a Linux kernel to firmware through fw_cfg; an option ROM that firmware runs last copies it to where the real-mode boot protocol
/// wants it and starts it there (Linux, Documentation/x86/boot.rst, "The Linux/x86 Boot Protocol").
/// </summary>
internal static class LinuxItems
{
    /// <summary>The option ROM's file; firmware runs all files of this folder.</summary>
    public const string LoaderFile = "genroms/linuxboot_dma.bin";

    /// <summary>The option ROM in the boot order.</summary>
    public const string LoaderPath = "/rom@" + LoaderFile;

    private const uint SetupAddress = 0x1_0000;
    private const uint CommandLineAddress = 0x2_0000;
    private const uint CodeAddress = 0x10_0000;
    private const uint HeapEnd = CommandLineAddress - SetupAddress - 0x200;

    // What is above stays free for the firmware's tables at the end of RAM.
    private const ulong FirmwareByteCount = 0x4_0000;

    private const int LoaderTypeOffset = 0x210;
    private const int LoadFlagsOffset = 0x211;
    private const int InitrdAddressOffset = 0x218;
    private const int InitrdByteCountOffset = 0x21c;
    private const int HeapEndOffset = 0x224;
    private const int CommandLineOffset = 0x228;
    private const byte LoaderQemu = 0xb0;
    private const byte CanUseHeap = 0x80;

    /// <summary>Adds the kernel, the initial RAM disk, the command line and the option ROM.</summary>
    /// <param name="fwCfg">Where to.</param>
    /// <param name="options">Names them.</param>
    /// <param name="path">The kernel.</param>
    /// <param name="lowMemoryEnd">Where the RAM below 4 GiB ends.</param>
    /// <exception cref="SosiaException">A file cannot be used, or the memory is too small.</exception>
    public static void Add(FwCfgDevice fwCfg, MachineOptions options, string path, ulong lowMemoryEnd)
    {
        byte[] kernel = BootFile.ReadKernel(path);
        if (options.LoadAddress is not null || LinuxHeader.TryParse(kernel) is not { } header || header.Version < 0x202 || !header.IsLoadedHigh)
        {
            throw new SosiaException($"Firmware can start only a bzImage of Linux 2.4 or later, which '{path}' is not; leave --bios out to start it without firmware.");
        }

        if (kernel.Length <= header.SetupByteCount)
        {
            throw new SosiaException($"The kernel '{path}' is truncated; copy or build it again.");
        }

        byte[] setup = kernel[..header.SetupByteCount];
        byte[] code = kernel[header.SetupByteCount..];
        byte[] commandLine = Encoding.UTF8.GetBytes(options.Append + "\0");
        if (commandLine.Length - 1 > header.CommandLineMax)
        {
            throw new SosiaException($"The kernel command line has {commandLine.Length - 1} bytes, but this kernel takes at most {header.CommandLineMax}; shorten --append.");
        }

        setup[LoaderTypeOffset] = LoaderQemu;
        setup[LoadFlagsOffset] |= CanUseHeap;
        BinaryPrimitives.WriteUInt16LittleEndian(setup.AsSpan(HeapEndOffset), (ushort)HeapEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(setup.AsSpan(CommandLineOffset), CommandLineAddress);
        if (options.Initrd is { } initrd)
        {
            AddInitrd(fwCfg, setup, initrd, header.InitrdAddressMax, lowMemoryEnd, CodeAddress + (ulong)code.Length);
        }

        Add(fwCfg, FwCfgKey.SetupAddress, SetupAddress, FwCfgKey.SetupByteCount, FwCfgKey.SetupData, setup);
        Add(fwCfg, FwCfgKey.KernelAddress, CodeAddress, FwCfgKey.KernelByteCount, FwCfgKey.KernelData, code);
        Add(fwCfg, FwCfgKey.CommandLineAddress, CommandLineAddress, FwCfgKey.CommandLineByteCount, FwCfgKey.CommandLineData, commandLine);
        fwCfg.AddFile(LoaderFile, FirmwareImage.ReadEmbedded("qemu/linuxboot_dma.bin"));
    }

    private static void AddInitrd(FwCfgDevice fwCfg, byte[] setup, string path, uint addressMax, ulong lowMemoryEnd, ulong codeEnd)
    {
        ulong byteCount = BootFile.CheckInitrd(path);
        ulong end = Math.Min(lowMemoryEnd - FirmwareByteCount, (ulong)addressMax + 1);
        if (end < codeEnd || end - codeEnd < byteCount)
        {
            throw new SosiaException($"The initrd '{path}' does not fit into the guest's memory above the kernel; give more --memory.");
        }

        uint address = (uint)((end - byteCount) & ~0xfffUL);
        BinaryPrimitives.WriteUInt32LittleEndian(setup.AsSpan(InitrdAddressOffset), address);
        BinaryPrimitives.WriteUInt32LittleEndian(setup.AsSpan(InitrdByteCountOffset), (uint)byteCount);
        Add(fwCfg, FwCfgKey.InitrdAddress, address, FwCfgKey.InitrdByteCount, FwCfgKey.InitrdData, File.ReadAllBytes(path));
    }

    private static void Add(FwCfgDevice fwCfg, ushort addressKey, uint address, ushort byteCountKey, ushort dataKey, byte[] data)
    {
        fwCfg.SetUInt32(addressKey, address);
        fwCfg.SetUInt32(byteCountKey, (uint)data.Length);
        fwCfg.SetItem(dataKey, data);
    }
}
