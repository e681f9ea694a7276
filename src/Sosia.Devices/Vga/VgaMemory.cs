using System;
using Sosia.Core.Memory;

namespace Sosia.Devices.Vga;

/// <summary>
/// The adapter's memory, a part of guest RAM: as four planes, a byte of each in every aligned 32-bit word, and as the linear frame buffer.
/// </summary>
internal sealed unsafe class VgaMemory
{
    private readonly GuestRam _ram;

    /// <summary>Takes a part of guest RAM as video memory.</summary>
    /// <param name="ram">Guest RAM.</param>
    /// <param name="ramOffset">Where in it; page-aligned.</param>
    /// <param name="byteCount">How much; a power of two, at least 256 KiB.</param>
    public VgaMemory(GuestRam ram, ulong ramOffset, uint byteCount)
    {
        if (ramOffset + byteCount > ram.ByteCount || !System.Numerics.BitOperations.IsPow2(byteCount) || byteCount < 0x4_0000)
        {
            throw new ArgumentOutOfRangeException(nameof(byteCount), "Video memory leaves guest RAM.");
        }

        _ram = ram;
        RamOffset = ramOffset;
        ByteCount = byteCount;
    }

    /// <summary>Where in guest RAM it lies.</summary>
    public ulong RamOffset { get; }

    /// <summary>Its size.</summary>
    public uint ByteCount { get; }

    /// <summary>All of it, to be looked at; other threads may be writing it.</summary>
    // SAFETY: the range was checked against guest RAM, which lives as long as the machine.
    public ReadOnlySpan<byte> Bytes => new(_ram.HostBase + RamOffset, (int)ByteCount);

    /// <summary>Reads the four planes' bytes at an address.</summary>
    /// <param name="planeAddress">Address in each plane; wraps at the end.</param>
    // SAFETY: the address is masked to the size, a power of two.
    public uint ReadPlanes(uint planeAddress) => *(uint*)(_ram.HostBase + RamOffset + ((planeAddress * 4) & (ByteCount - 1)));

    /// <summary>Writes the four planes' bytes at an address.</summary>
    /// <param name="planeAddress">Address in each plane; wraps at the end.</param>
    /// <param name="value">A byte for each plane, plane 0 lowest.</param>
    public void WritePlanes(uint planeAddress, uint value)
    {
        ulong offset = RamOffset + ((planeAddress * 4) & (ByteCount - 1));
        _ram.BeforeWrite(offset, 4);
        // SAFETY: the address is masked to the size, a power of two.
        *(uint*)(_ram.HostBase + offset) = value;
        _ram.AfterWrite(offset, 4);
    }

    /// <summary>Reads a byte of the linear memory; the address wraps at the end.</summary>
    // SAFETY: the address is masked to the size, a power of two.
    public byte ReadLinear(uint address) => *(_ram.HostBase + RamOffset + (address & (ByteCount - 1)));

    /// <summary>Writes a byte of the linear memory; the address wraps at the end.</summary>
    public void WriteLinear(uint address, byte value)
    {
        ulong offset = RamOffset + (address & (ByteCount - 1));
        _ram.BeforeWrite(offset, 1);
        // SAFETY: the address is masked to the size, a power of two.
        *(_ram.HostBase + offset) = value;
        _ram.AfterWrite(offset, 1);
    }

    /// <summary>Fills a part with zeros.</summary>
    /// <param name="offset">Its first byte.</param>
    /// <param name="byteCount">How many; the range lies in the memory.</param>
    public void Clear(ulong offset, int byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (ulong)byteCount, ByteCount);
        _ram.BeforeWrite(RamOffset + offset, byteCount);
        // SAFETY: the range was checked.
        new Span<byte>(_ram.HostBase + RamOffset + offset, byteCount).Clear();
        _ram.AfterWrite(RamOffset + offset, byteCount);
    }
}
