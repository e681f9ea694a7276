using System;
using System.IO;
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

    private const int LegacyByteCount = 0x2_0000;
    private const int Granule = 0x1_0000;
    private const int MaxByteCount = 16 << 20;
    private const ulong FourGibibytes = 1UL << 32;

    private readonly byte[] _bytes;

    private FirmwareImage(byte[] bytes) => _bytes = bytes;

    /// <summary>How much room in guest RAM it needs.</summary>
    public ulong RomByteCount => (ulong)(WindowByteCount + _bytes.Length);

    /// <summary>A number that differs between images.</summary>
    public uint Checksum
    {
        get
        {
            uint crc = uint.MaxValue;
            foreach (byte value in _bytes)
            {
                crc = BitOperations.Crc32C(crc, value);
            }

            return ~crc;
        }
    }

    /// <summary>The firmware that a machine starts with; null when it starts a kernel without.</summary>
    /// <exception cref="SosiaException">The file cannot be used.</exception>
    public static FirmwareImage? Find(MachineOptions options)
        => !options.StartsFirmware ? null : new FirmwareImage(options.Bios is null or Default ? ReadEmbedded("seabios/bios-256k.bin") : ReadFile(options.Bios));

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
        byte[] window = new byte[WindowByteCount];
        window.AsSpan().Fill(0xff);
        ReadOnlySpan<byte> legacy = _bytes.AsSpan(Math.Max(0, _bytes.Length - LegacyByteCount));
        legacy.CopyTo(window.AsSpan(WindowByteCount - legacy.Length));
        ram.Write(romOffset, window);
        ram.Write(romOffset + WindowByteCount, _bytes);
        memory.MapRam(FourGibibytes - (ulong)_bytes.Length, romOffset + WindowByteCount, (ulong)_bytes.Length, readOnly: true);
        return romOffset;
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (!file.CanSeek || file.Length is 0 or > MaxByteCount || file.Length % Granule != 0)
            {
                throw new SosiaException(file.CanSeek
                    ? $"The firmware '{path}' has {file.Length} bytes; a firmware ROM has a multiple of 64 KiB, at most 16 MiB."
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
