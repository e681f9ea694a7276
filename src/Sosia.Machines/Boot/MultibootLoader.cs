using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Core;
using Sosia.Isa.X86;

namespace Sosia.Machines.Boot;

/// <summary>Starts kernels of the Multiboot Specification, version 0.6.96, with modules, memory map and command line.</summary>
internal static unsafe class MultibootLoader
{
    private const uint HeaderMagic = 0x1bad_b002;
    private const uint LoaderMagic = 0x2bad_b002;
    private const int HeaderSearchByteCount = 8192;
    private const uint FlagVideo = 1 << 2;
    private const uint FlagAddresses = 1 << 16;
    private const uint UnderstoodRequirements = 3 | FlagVideo;

    private const int InformationByteCount = 120;
    private const uint InformationMemory = 1 << 0;
    private const uint InformationCommandLine = 1 << 2;
    private const uint InformationModules = 1 << 3;
    private const uint InformationMap = 1 << 6;
    private const uint InformationLoaderName = 1 << 9;
    private const int MapStride = 24;
    private const int ModuleStride = 16;
    private const int MapRoom = 0x400;

    /// <summary>Finds the multiboot header.</summary>
    /// <returns>Its offset in the file, or −1.</returns>
    public static int FindHeader(ReadOnlySpan<byte> kernel)
    {
        for (int offset = 0; offset + 12 <= Math.Min(kernel.Length, HeaderSearchByteCount); offset += 4)
        {
            if (Word(kernel, offset) == HeaderMagic && unchecked(Word(kernel, offset) + Word(kernel, offset + 4) + Word(kernel, offset + 8)) == 0)
            {
                return offset;
            }
        }

        return -1;
    }

    /// <summary>Loads the kernel and its modules and enters it.</summary>
    public static void Load(BootEnvironment environment, byte[] kernel, string path, int headerOffset)
    {
        uint flags = Word(kernel, headerOffset + 4);
        if ((flags & 0xffff & ~UnderstoodRequirements) != 0)
        {
            throw new SosiaException($"The multiboot kernel '{path}' requires features that are not implemented (flags 0x{flags:x}); use a kernel without them.");
        }

        uint entry = (flags & FlagAddresses) != 0
            ? LoadByAddresses(environment, kernel, path, headerOffset, out ulong end)
            : LoadElf(environment, kernel, path, out end);

        Span<byte> info = stackalloc byte[InformationByteCount];
        Span<byte> lists = stackalloc byte[0x1000];
        info.Clear();
        lists.Clear();
        uint present = InformationMemory | InformationCommandLine | InformationMap | InformationLoaderName;
        BinaryPrimitives.WriteUInt32LittleEndian(info[4..], (uint)(LowMemory.End >> 10));
        BinaryPrimitives.WriteUInt32LittleEndian(info[8..], (uint)((environment.LowMemoryEnd - LowMemory.HighMemory) >> 10));
        BinaryPrimitives.WriteUInt32LittleEndian(info[16..], (uint)WriteCommandLine(environment, path));
        int moduleCount = LoadModules(environment, lists[MapRoom..], end);
        if (moduleCount != 0)
        {
            present |= InformationModules;
            BinaryPrimitives.WriteUInt32LittleEndian(info[20..], (uint)moduleCount);
            BinaryPrimitives.WriteUInt32LittleEndian(info[24..], (uint)LowMemory.BootLists + MapRoom);
        }

        // Each map entry is preceded by its size without the size field.
        for (int i = 0; i < environment.Map.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(lists[(i * MapStride)..], MapStride - 4);
        }

        WriteMap(environment.Map, lists);
        BinaryPrimitives.WriteUInt32LittleEndian(info[44..], (uint)(environment.Map.Count * MapStride));
        BinaryPrimitives.WriteUInt32LittleEndian(info[48..], (uint)LowMemory.BootLists);
        "Sosia\0"u8.CopyTo(lists[^16..]);
        BinaryPrimitives.WriteUInt32LittleEndian(info[64..], (uint)LowMemory.BootLists + 0x1000 - 16);
        BinaryPrimitives.WriteUInt32LittleEndian(info, present);
        BootLoader.Write(environment, LowMemory.BootInformation, info);
        BootLoader.Write(environment, LowMemory.BootLists, lists);

        X86Cpu cpu = environment.Cpu;
        EntryState.EnterProtected(cpu, environment.Memory, entry);
        // SAFETY: the state lives as long as the CPU.
        cpu.State->Gpr[0] = LoaderMagic;
        cpu.State->Gpr[3] = LowMemory.BootInformation;
    }

    private static void WriteMap(IReadOnlyList<MemoryRange> map, Span<byte> lists) => BootLoader.WriteMap(map, lists[4..], MapStride);

    // The address fields of the header ("a.out kludge") say what to load where.
    private static uint LoadByAddresses(BootEnvironment environment, byte[] kernel, string path, int headerOffset, out ulong end)
    {
        if (headerOffset + 32 > kernel.Length)
        {
            throw new SosiaException($"The multiboot kernel '{path}' is truncated within its header; copy or build it again.");
        }

        uint headerAddress = Word(kernel, headerOffset + 12);
        uint loadAddress = Word(kernel, headerOffset + 16);
        uint loadEnd = Word(kernel, headerOffset + 20);
        uint clearEnd = Word(kernel, headerOffset + 24);
        long fileOffset = headerOffset - ((long)headerAddress - loadAddress);
        long byteCount = loadEnd == 0 ? kernel.Length - fileOffset : (long)loadEnd - loadAddress;
        if (fileOffset < 0 || byteCount <= 0 || fileOffset > kernel.Length)
        {
            throw new SosiaException($"The multiboot kernel '{path}' has a damaged header (load address 0x{loadAddress:x}); build or copy it again.");
        }

        if (fileOffset + byteCount > kernel.Length)
        {
            throw new SosiaException($"The multiboot kernel '{path}' is truncated: it has {kernel.Length} bytes, but its header speaks of {fileOffset + byteCount}; copy or build it again.");
        }

        end = loadAddress + (ulong)byteCount;
        BootLoader.RequireMemory(environment, path, Math.Max(end, clearEnd));
        BootLoader.Write(environment, loadAddress, kernel.AsSpan((int)fileOffset, (int)byteCount));
        if (clearEnd > end)
        {
            BootLoader.Clear(environment, end, clearEnd - end);
            end = clearEnd;
        }

        return Word(kernel, headerOffset + 28);
    }

    private static uint LoadElf(BootEnvironment environment, byte[] kernel, string path, out ulong end)
    {
        if (!ElfImage.IsElf(kernel))
        {
            throw new SosiaException($"The multiboot kernel '{path}' is neither an ELF file nor does its header give load addresses; build it again.");
        }

        var elf = new ElfImage(kernel, path);
        end = elf.End;
        BootLoader.RequireMemory(environment, path, end);
        elf.Load(environment);
        ulong entry = elf.Entry;
        foreach (ElfImage.Segment segment in elf.Segments)
        {
            // An entry given as a linear address of a higher-half kernel is meant physically.
            if (entry - segment.Linear < segment.MemoryByteCount && segment.Linear != segment.GuestPhysical && entry > uint.MaxValue)
            {
                entry = entry - segment.Linear + segment.GuestPhysical;
                break;
            }
        }

        return entry <= uint.MaxValue
            ? (uint)entry
            : throw new SosiaException($"The multiboot kernel '{path}' begins at 0x{entry:x}, above 4 GiB, where its 32-bit start cannot be; link it lower.");
    }

    // The specification's command line begins with the kernel's name.
    private static ulong WriteCommandLine(BootEnvironment environment, string path)
        => BootLoader.WriteCommandLine(environment with { Options = environment.Options with { Append = $"{path} {environment.Options.Append}".TrimEnd() } }, uint.MaxValue);

    private static int LoadModules(BootEnvironment environment, Span<byte> list, ulong floor)
    {
        if (environment.Options.Initrd is not { } option)
        {
            return 0;
        }

        int count = 0;
        ulong text = LowMemory.CommandLine + (LowMemory.CommandLineByteCount / 2);
        ulong address = (floor + 0xfff) & ~0xfffUL;
        foreach (string module in option.Split(','))
        {
            string file = module.Split(' ', 2)[0];
            byte[] words = Encoding.UTF8.GetBytes(module + "\0");
            ulong byteCount = BootFile.ByteCount(file, "module");
            BootLoader.RequireMemory(environment, file, address + byteCount);
            if (((count + 1) * ModuleStride) > list.Length - 16 || text + (ulong)words.Length > LowMemory.CommandLine + LowMemory.CommandLineByteCount)
            {
                throw new SosiaException($"There are too many or too long module lines in --initrd (stopped at '{file}'); give fewer.");
            }

            BootFile.Load(environment.Memory, address, file, "module");
            BootLoader.Write(environment, text, words);
            Span<byte> record = list[(count * ModuleStride)..];
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)address);
            BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)(address + byteCount));
            BinaryPrimitives.WriteUInt32LittleEndian(record[8..], (uint)text);
            text += (ulong)words.Length;
            address = (address + byteCount + 0xfff) & ~0xfffUL;
            count++;
        }

        return count;
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
