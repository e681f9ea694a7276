using System.Collections.Generic;

namespace Sosia.Machines.Acpi;

/// <summary>Builds ACPI resource descriptors (ACPI specification 6.4, section 6.4).</summary>
internal sealed class ResourceTemplate
{
    private const byte FixedProducer = 0x0c;

    private readonly List<byte> _bytes = [];

    /// <summary>Ports with a fixed address.</summary>
    public ResourceTemplate Ports(ushort first, byte count)
    {
        _bytes.AddRange([0x47, 1]);
        Word(first);
        Word(first);
        _bytes.AddRange([1, count]);
        return this;
    }

    /// <summary>An edge-triggered ISA interrupt.</summary>
    public ResourceTemplate IsaInterrupt(int irq)
    {
        _bytes.Add(0x22);
        Word((ushort)(1 << irq));
        return this;
    }

    /// <summary>A choice of interrupts, level-triggered and active high.</summary>
    public ResourceTemplate LevelInterrupts(bool isShared, params uint[] inputs)
    {
        _bytes.Add(0x89);
        Word((ushort)(2 + (4 * inputs.Length)));
        _bytes.AddRange([(byte)(isShared ? 9 : 1), (byte)inputs.Length]);
        foreach (uint input in inputs)
        {
            DWord(input);
        }

        return this;
    }

    /// <summary>An edge-triggered interrupt, active high, of any controller input.</summary>
    public ResourceTemplate EdgeInterrupt(uint input)
    {
        _bytes.Add(0x89);
        Word(6);
        _bytes.AddRange([3, 1]);
        DWord(input);
        return this;
    }

    /// <summary>Memory with a fixed address, readable and writable.</summary>
    public ResourceTemplate Memory(uint guestPhysical, uint byteCount)
    {
        _bytes.Add(0x86);
        Word(9);
        _bytes.Add(1);
        DWord(guestPhysical);
        DWord(byteCount);
        return this;
    }

    /// <summary>Bus numbers that a bridge passes on.</summary>
    public ResourceTemplate BusWindow(ushort first, ushort last) => WordWindow(2, 0, first, last);

    /// <summary>Ports that a bridge passes on.</summary>
    public ResourceTemplate PortWindow(ushort first, ushort last) => WordWindow(1, 3, first, last);

    /// <summary>Memory that a bridge passes on.</summary>
    public ResourceTemplate MemoryWindow(uint first, uint last, bool isCacheable)
    {
        _bytes.Add(0x87);
        Word(23);
        _bytes.AddRange([0, FixedProducer, (byte)(isCacheable ? 3 : 1)]);
        DWord(0);
        DWord(first);
        DWord(last);
        DWord(0);
        DWord(last - first + 1);
        return this;
    }

    /// <summary>The finished template.</summary>
    public byte[] ToArray() => [.. _bytes, 0x79, 0];

    private ResourceTemplate WordWindow(byte kind, byte flags, ushort first, ushort last)
    {
        _bytes.Add(0x88);
        Word(13);
        _bytes.AddRange([kind, FixedProducer, flags]);
        Word(0);
        Word(first);
        Word(last);
        Word(0);
        Word((ushort)(last - first + 1));
        return this;
    }

    private void Word(ushort value) => _bytes.AddRange([(byte)value, (byte)(value >> 8)]);

    private void DWord(uint value)
    {
        Word((ushort)value);
        Word((ushort)(value >> 16));
    }
}
