using System;
using System.Buffers.Binary;
using Sosia.Core;
using Sosia.Core.Randomness;
using Sosia.Host.Linux.Randomness;

namespace Sosia.Machines.Boot;

/// <summary>
/// Starts a Linux bzImage without firmware: by the 64-bit boot protocol where the kernel has it, otherwise by the 32-bit one (Linux,
/// Documentation/x86/boot.rst, "32-bit Boot Protocol" and "64-bit Boot Protocol"; boot_params: zero-page.rst).
/// </summary>
internal static class LinuxLoader
{
    private const int BootParamsByteCount = 4096;
    private const int VideoOffset = 0x00;
    private const int RsdpAddressOffset = 0x70;
    private const int MapCountOffset = 0x1e8;
    private const int VideoModeOffset = 0x1fa;
    private const int LoaderTypeOffset = 0x210;
    private const int LoadFlagsOffset = 0x211;
    private const int CodeStartOffset = 0x214;
    private const int InitrdAddressOffset = 0x218;
    private const int InitrdByteCountOffset = 0x21c;
    private const int HeapEndOffset = 0x224;
    private const int CommandLineOffset = 0x228;
    private const int SetupDataOffset = 0x250;
    private const int MapOffset = 0x2d0;
    private const int MapStride = 20;

    private const byte LoaderWithoutNumber = 0xff;
    private const byte CanUseHeap = 0x80;
    private const uint SetupDataRandomSeed = 9;
    private const int RandomSeedByteCount = 32;
    private const int RsiIndex = 6;

    /// <summary>Loads the kernel and enters it.</summary>
    public static void Load(BootEnvironment environment, byte[] kernel, string path, LinuxHeader header)
    {
        if (header.Version < 0x202 || !header.IsLoadedHigh)
        {
            throw new SosiaException($"The kernel '{path}' speaks boot protocol {header.Version >> 8}.{header.Version & 0xff:d2}, which only firmware can start; use a bzImage of Linux 2.4 or later.");
        }

        // The header counts paragraphs of 16 bytes; the last one need not be full.
        if ((ulong)kernel.Length + 15 < (ulong)header.SetupByteCount + header.SystemByteCount)
        {
            throw new SosiaException($"The kernel '{path}' is truncated: it has {kernel.Length} bytes, but its header speaks of {(ulong)header.SetupByteCount + header.SystemByteCount}; copy or build it again.");
        }

        ReadOnlySpan<byte> code = kernel.AsSpan(header.SetupByteCount);
        ulong start = header.PreferredAddress >= LowMemory.HighMemory ? header.PreferredAddress : LowMemory.HighMemory;
        // Kernels without init_size unpack themselves within a few times their size.
        ulong end = start + Math.Max(header.InitByteCount != 0 ? header.InitByteCount : (ulong)code.Length * 5, (ulong)code.Length);
        BootLoader.RequireMemory(environment, path, end);

        Span<byte> page = stackalloc byte[BootParamsByteCount];
        page.Clear();
        kernel.AsSpan(LinuxHeader.Offset, Math.Min(header.EndOffset, 0x290) - LinuxHeader.Offset).CopyTo(page[LinuxHeader.Offset..]);
        page[LoaderTypeOffset] = LoaderWithoutNumber;
        page[LoadFlagsOffset] |= CanUseHeap;
        BinaryPrimitives.WriteUInt16LittleEndian(page[VideoModeOffset..], 0xffff);
        if (environment.HasTextScreen)
        {
            WriteScreenInfo(page[VideoOffset..]);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(page[HeapEndOffset..], 0xfe00);
        BinaryPrimitives.WriteUInt32LittleEndian(page[CodeStartOffset..], (uint)start);
        BinaryPrimitives.WriteUInt32LittleEndian(page[CommandLineOffset..], (uint)BootLoader.WriteCommandLine(environment, header.CommandLineMax));
        BinaryPrimitives.WriteUInt64LittleEndian(page[RsdpAddressOffset..], environment.RsdpGuestPhysical);
        page[MapCountOffset] = (byte)environment.Map.Count;
        BootLoader.WriteMap(environment.Map, page[MapOffset..], MapStride);
        if (environment.Options.Initrd is { } initrd)
        {
            ulong byteCount = BootFile.CheckInitrd(initrd);
            ulong address = BootLoader.PlaceHigh(environment, $"initrd '{initrd}'", byteCount, end, (ulong)header.InitrdAddressMax + 1);
            BootFile.Load(environment.Memory, address, initrd, "initrd");
            BinaryPrimitives.WriteUInt32LittleEndian(page[InitrdAddressOffset..], (uint)address);
            BinaryPrimitives.WriteUInt32LittleEndian(page[InitrdByteCountOffset..], (uint)byteCount);
        }

        if (header.Version >= 0x209)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[SetupDataOffset..], WriteRandomSeed(environment));
        }

        BootLoader.Write(environment, start, code);
        BootLoader.Write(environment, LowMemory.BootInformation, page);
        if (header.HasLongEntry)
        {
            EntryState.EnterLong(environment.Cpu, environment.Memory, start + 0x200);
        }
        else
        {
            EntryState.EnterProtected(environment.Cpu, environment.Memory, (uint)start);
        }

        SetRsi(environment, LowMemory.BootInformation);
    }

    // What the kernel's own start in real mode would have asked the video BIOS: a VGA in mode 3, 80 × 25 characters of 16 lines.
    private static void WriteScreenInfo(Span<byte> info)
    {
        info[0x06] = 3;
        info[0x07] = 80;
        BinaryPrimitives.WriteUInt16LittleEndian(info[0x0a..], 3);
        info[0x0e] = 25;
        info[0x0f] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(info[0x10..], 16);
    }

    // A setup_data record (next, type, length, data) with which Linux seeds its random number generator; older kernels skip it.
    private static ulong WriteRandomSeed(BootEnvironment environment)
    {
        Span<byte> record = stackalloc byte[16 + RandomSeedByteCount];
        record.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], SetupDataRandomSeed);
        BinaryPrimitives.WriteUInt32LittleEndian(record[12..], RandomSeedByteCount);
        if (environment.Options.EffectiveRandomSeed is { } seed)
        {
            for (int offset = 16; offset < record.Length; offset += sizeof(ulong))
            {
                BinaryPrimitives.WriteUInt64LittleEndian(record[offset..], SplitMix64.Next(ref seed));
            }
        }
        else
        {
            HostRandom.Fill(record[16..]);
        }

        _ = environment.Memory.WriteBytes(LowMemory.SetupData, record);
        return LowMemory.SetupData;
    }

    private static unsafe void SetRsi(BootEnvironment environment, ulong value)
    {
        // SAFETY: the state lives as long as the CPU.
        environment.Cpu.State->Gpr[RsiIndex] = value;
    }
}
