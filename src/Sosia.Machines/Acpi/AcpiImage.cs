using System;
using Sosia.Core.Buses;

namespace Sosia.Machines.Acpi;

/// <summary>A complete set of ACPI tables that can be put anywhere: by us, or by firmware that gets it with instructions.</summary>
/// <param name="RootPointer">The root pointer (RSDP).</param>
/// <param name="Tables">All tables, in one run that wants to begin at a multiple of <see cref="Alignment"/>.</param>
internal sealed record AcpiImage(AcpiPart RootPointer, AcpiPart Tables)
{
    /// <summary>Bytes of which the address of the tables is a multiple.</summary>
    public const int Alignment = 64;

    /// <summary>Writes the root pointer and behind it the tables into memory.</summary>
    /// <param name="memory">The machine's address space.</param>
    /// <param name="guestPhysical">Where the root pointer goes: a multiple of 64 in 0xE0000 to 0xFFFFF.</param>
    /// <param name="byteCount">How much room there is.</param>
    /// <returns>The root pointer's address.</returns>
    public ulong WriteTo(MemoryBus memory, ulong guestPhysical, int byteCount)
    {
        ulong tables = guestPhysical + Alignment;
        if (Alignment + Tables.Bytes.Length > byteCount || !memory.WriteBytes(guestPhysical, RootPointer.At(tables)) || !memory.WriteBytes(tables, Tables.At(tables)))
        {
            throw new InvalidOperationException($"The ACPI tables do not fit into the {byteCount} bytes from 0x{guestPhysical:x} on.");
        }

        return guestPhysical;
    }
}
