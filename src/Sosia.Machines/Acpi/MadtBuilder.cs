using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Sosia.Machines.Acpi;

/// <summary>Builds the table of interrupt controllers (ACPI specification 6.4, section 5.2.12).</summary>
internal sealed class MadtBuilder
{
    /// <summary>Interrupt flags: active high, level-triggered.</summary>
    public const ushort HighLevel = 0x0d;

    private readonly List<byte> _entries = [];

    /// <summary>A processor's local APIC.</summary>
    public MadtBuilder LocalApic(byte processorId, byte apicId)
    {
        _entries.AddRange([0, 8, processorId, apicId, 1, 0, 0, 0]);
        return this;
    }

    /// <summary>An I/O APIC whose inputs begin with a global number.</summary>
    public MadtBuilder IoApic(byte id, uint guestPhysical, uint firstInput)
    {
        _entries.AddRange([1, 12, id, 0]);
        DWord(guestPhysical);
        DWord(firstInput);
        return this;
    }

    /// <summary>An ISA interrupt that is not wired to the input of the same number as an edge-triggered, active high one.</summary>
    public MadtBuilder Override(byte irq, uint input, ushort flags)
    {
        _entries.AddRange([2, 10, 0, irq]);
        DWord(input);
        _entries.AddRange([(byte)flags, (byte)(flags >> 8)]);
        return this;
    }

    /// <summary>The NMI wire at an input (LINT0 or LINT1) of every local APIC.</summary>
    public MadtBuilder LocalNmi(byte lint)
    {
        _entries.AddRange([4, 6, 0xff, 0, 0, lint]);
        return this;
    }

    /// <summary>The finished table.</summary>
    /// <param name="localApicGuestPhysical">Where the local APICs' registers are.</param>
    /// <param name="hasPic">True when there is a pair of 8259A as well.</param>
    public byte[] Build(uint localApicGuestPhysical, bool hasPic)
    {
        byte[] table = AcpiTables.NewTable("APIC", 3, AcpiTables.HeaderByteCount + 8 + _entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(36), localApicGuestPhysical);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(40), hasPic ? 1u : 0u);
        _entries.CopyTo(table, 44);
        return table;
    }

    private void DWord(uint value)
    {
        for (int i = 0; i < 4; i++)
        {
            _entries.Add((byte)(value >> (8 * i)));
        }
    }
}
