using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Core;

namespace Sosia.Machines.Boot;

/// <summary>Finds out what a kernel file is and starts it by the boot protocol that belongs to it.</summary>
public static class BootLoader
{
    /// <summary>Loads kernel, initrd and command line into memory and puts the processor at the kernel's entry.</summary>
    /// <exception cref="SosiaException">A file is missing or of the wrong kind, or the memory is too small; the message says which and what to do.</exception>
    public static void Load(BootEnvironment environment)
    {
        MachineOptions options = environment.Options;
        if (options.Kernel is not { } path)
        {
            throw new SosiaException("No kernel is given; name one with --kernel FILE or a guest with --guest NAME, or on the machine 'pc' a --drive to boot from.");
        }

        if (options.LoadAddress is { } address)
        {
            FlatLoader.Load(environment, BootFile.ReadKernel(path), path, address);
            return;
        }

        byte[] kernel = BootFile.ReadKernel(path);
        if (LinuxHeader.TryParse(kernel) is { } header)
        {
            LinuxLoader.Load(environment, kernel, path, header);
        }
        else if (MultibootLoader.FindHeader(kernel) is var offset and >= 0)
        {
            MultibootLoader.Load(environment, kernel, path, offset);
        }
        else if (ElfImage.IsElf(kernel))
        {
            PvhLoader.Load(environment, kernel, path);
        }
        else
        {
            string looks = FileKind.Recognize(kernel.AsSpan(0, Math.Min(kernel.Length, 1024))) is { } kind ? $"looks like {kind}" : "is of no known kind";
            throw new SosiaException(
                $"The kernel '{path}' {looks}, not like a Linux bzImage, a PVH ELF or a multiboot kernel; name another file, or give --load-address to run it as a flat binary.");
        }
    }

    /// <summary>Chooses where a RAM disk or module goes: as high as possible, page-aligned.</summary>
    /// <param name="environment">The machine.</param>
    /// <param name="what">"initrd 'file'", for the error text.</param>
    /// <param name="byteCount">Its size.</param>
    /// <param name="floor">The end of what must not be overwritten.</param>
    /// <param name="limit">The end of the memory that it may occupy.</param>
    internal static ulong PlaceHigh(BootEnvironment environment, string what, ulong byteCount, ulong floor, ulong limit)
    {
        ulong end = Math.Min(limit, environment.LowMemoryEnd);
        ulong start = byteCount <= end ? (end - byteCount) & ~0xfffUL : 0;
        if (start < floor || byteCount > end)
        {
            ulong needed = floor + ((byteCount + 0xfff) & ~0xfffUL);
            throw limit < needed && needed <= environment.LowMemoryEnd
                ? new SosiaException($"The {what} ({Mebibytes(byteCount)} MiB) does not fit below 0x{limit:x}, where this kernel can reach it; use a smaller one.")
                : NotEnoughMemory(environment, $"The {what} and the kernel '{environment.Options.Kernel}'", needed);
        }

        return start;
    }

    /// <summary>Checks that memory up to an address exists.</summary>
    internal static void RequireMemory(BootEnvironment environment, string path, ulong end)
    {
        if (end > environment.LowMemoryEnd)
        {
            throw NotEnoughMemory(environment, $"The kernel '{path}'", end);
        }
    }

    /// <summary>Puts the command line where kernels find it.</summary>
    /// <returns>Its guest physical address.</returns>
    internal static ulong WriteCommandLine(BootEnvironment environment, uint maxByteCount)
    {
        byte[] text = Encoding.UTF8.GetBytes(environment.Options.Append + "\0");
        uint limit = Math.Min(maxByteCount, LowMemory.CommandLineByteCount / 2);
        if (text.Length - 1 > limit)
        {
            throw new SosiaException($"The kernel command line has {text.Length - 1} bytes, but this kernel takes at most {limit}; shorten --append.");
        }

        _ = environment.Memory.WriteBytes(LowMemory.CommandLine, text);
        return LowMemory.CommandLine;
    }

    /// <summary>Copies bytes into RAM that was checked to exist.</summary>
    internal static void Write(BootEnvironment environment, ulong guestPhysical, ReadOnlySpan<byte> bytes)
    {
        if (!environment.Memory.WriteBytes(guestPhysical, bytes))
        {
            throw new SosiaException($"The kernel '{environment.Options.Kernel}' wants to be at 0x{guestPhysical:x}, where this machine has no RAM; give more --memory or use another machine.");
        }
    }

    /// <summary>Fills memory with zeros.</summary>
    internal static void Clear(BootEnvironment environment, ulong guestPhysical, ulong byteCount)
    {
        byte[] zeros = new byte[(int)Math.Min(byteCount, 1 << 20)];
        while (byteCount > 0)
        {
            int chunk = (int)Math.Min(byteCount, (ulong)zeros.Length);
            Write(environment, guestPhysical, zeros.AsSpan(0, chunk));
            guestPhysical += (ulong)chunk;
            byteCount -= (ulong)chunk;
        }
    }

    /// <summary>Writes the memory map as records of {address, size, kind}, as all protocols have them.</summary>
    /// <param name="map">The map.</param>
    /// <param name="destination">Where the records go.</param>
    /// <param name="stride">Bytes from one record to the next.</param>
    internal static void WriteMap(IReadOnlyList<MemoryRange> map, Span<byte> destination, int stride)
    {
        for (int i = 0; i < map.Count; i++)
        {
            Span<byte> record = destination[(i * stride)..];
            BinaryPrimitives.WriteUInt64LittleEndian(record, map[i].GuestPhysical);
            BinaryPrimitives.WriteUInt64LittleEndian(record[8..], map[i].ByteCount);
            BinaryPrimitives.WriteUInt32LittleEndian(record[16..], (uint)map[i].Kind);
        }
    }

    private static ulong Mebibytes(ulong byteCount) => (byteCount + 0xf_ffff) >> 20;

    private static SosiaException NotEnoughMemory(BootEnvironment environment, string what, ulong end)
        => new($"{what} need{(what.Contains(" and ", StringComparison.Ordinal) ? string.Empty : "s")} {Mebibytes(end)} MiB of guest memory below 4 GiB, but the machine has {environment.LowMemoryEnd >> 20} MiB there; give --memory {Mebibytes(end)}M or more.");
}
