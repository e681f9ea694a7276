using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics;
using System.Reflection;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Memory;

namespace Sosia.Machines.Firmware;

/// <summary>
/// The contents of the board's firmware ROM. It ends at 4 GiB, where the processor starts, and its last 128 KiB appear at 0xE0000 as well
/// (82371SB PIIX3 data sheet, section 2.2.3, X-bus chip select register).
/// </summary>
internal sealed class FirmwareImage
{
    /// <summary>The firmware that is used when the user names none.</summary>
    public const string Default = "seabios";

    /// <summary>How much of guest RAM's size the ROM's view in the first mebibyte takes: all of the host bridge's area.</summary>
    private const int WindowByteCount = 0x4_0000;

    private const ulong WindowBase = 0xc_0000;

    private const int LegacyByteCount = 0x2_0000;
    private const int Granule = 0x1000;
    private const int MaxByteCount = 16 << 20;
    private const ulong FourGibibytes = 1UL << 32;

    private readonly byte[] _bytes;
    private readonly byte[] _window;

    private FirmwareImage(byte[] bytes, IReadOnlyList<OptionRom> optionRoms)
    {
        _bytes = bytes;
        _window = FillWindow(bytes, optionRoms);
    }

    /// <summary>How much room in guest RAM it needs.</summary>
    public ulong RomByteCount => (ulong)(WindowByteCount + _bytes.Length);

    /// <summary>Where the image begins in the machine's memory.</summary>
    public ulong GuestPhysical => FourGibibytes - (ulong)_bytes.Length;

    /// <summary>A number that differs between images.</summary>
    public uint Checksum
    {
        get
        {
            uint crc = uint.MaxValue;
            foreach (byte[] bytes in (ReadOnlySpan<byte[]>)[_bytes, _window])
            {
                foreach (byte value in bytes)
                {
                    crc = BitOperations.Crc32C(crc, value);
                }
            }

            return ~crc;
        }
    }

    /// <summary>The firmware that a machine starts with; null when it starts a kernel without.</summary>
    /// <exception cref="SosiaException">The file cannot be used.</exception>
    public static FirmwareImage? Find(MachineOptions options)
    {
        if (options.StartsFirmware)
        {
            return new FirmwareImage(options.Bios is null or Default ? ReadEmbedded("seabios/bios-256k.bin") : ReadFile(options.Bios), options.OptionRoms);
        }

        return options.NeedsFirmware
            ? throw new SosiaException("Flash memory and option ROMs are for firmware, but this machine starts a kernel without; give --bios FILE, or leave --flash and --option-rom out.")
            : null;
    }

    /// <summary>Reads a file of the folder Images.</summary>
    public static byte[] ReadEmbedded(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("firmware/" + name)
            ?? throw new InvalidOperationException($"The firmware file '{name}' is not part of this build.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Writes the image behind the guest's RAM and maps it at the end of the first 4 GiB.</summary>
    /// <param name="memory">The machine's address space.</param>
    /// <param name="romOffset">Where in guest RAM there is room for <see cref="RomByteCount"/> bytes.</param>
    /// <returns>Offset in guest RAM of what the buses show at 0xC0000 to 0xFFFFF.</returns>
    public ulong Place(MemoryBus memory, ulong romOffset)
    {
        GuestRam ram = memory.Ram;
        ram.Write(romOffset, _window);
        ram.Write(romOffset + WindowByteCount, _bytes);
        memory.MapRam(GuestPhysical, romOffset + WindowByteCount, (ulong)_bytes.Length, readOnly: true);
        return romOffset;
    }

    // What the buses show from 0xC0000 to 0xFFFFF: option ROMs, then the end of the image.
    private static byte[] FillWindow(byte[] image, IReadOnlyList<OptionRom> optionRoms)
    {
        byte[] window = new byte[WindowByteCount];
        window.AsSpan().Fill(0xff);
        ReadOnlySpan<byte> legacy = image.AsSpan(Math.Max(0, image.Length - LegacyByteCount));
        legacy.CopyTo(window.AsSpan(WindowByteCount - legacy.Length));
        int end = 0;
        foreach (OptionRom rom in optionRoms.Where(static rom => rom.GuestPhysical is not null).OrderBy(static rom => rom.GuestPhysical))
        {
            int start = (int)(rom.GuestPhysical!.Value - WindowBase);
            if (start < end || start + rom.Content.Length > WindowByteCount - legacy.Length)
            {
                throw new SosiaException($"The option ROM '{rom.Name}' of {rom.Content.Length} bytes at 0x{rom.GuestPhysical:x} overlaps another one or the firmware; give it another address with at=ADDRESS.");
            }

            rom.Content.CopyTo(window, start);
            end = start + rom.Content.Length;
        }

        return window;
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (!file.CanSeek || file.Length is 0 or > MaxByteCount || file.Length % Granule != 0)
            {
                throw new SosiaException(file.CanSeek
                    ? $"The firmware '{path}' has {file.Length} bytes; a firmware ROM has a multiple of 4 KiB, at most 16 MiB."
                    : $"The firmware '{path}' is a pipe or device; name a regular file.");
            }

            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SosiaException($"The firmware '{path}' cannot be read ({error.Message.TrimEnd('.')}); name another --bios, or leave it out for SeaBIOS.", FailureKind.Configuration, error);
        }
    }
}
