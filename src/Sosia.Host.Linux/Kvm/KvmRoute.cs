using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>Where an interrupt number leads (struct kvm_irq_routing_entry).</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
public struct KvmRoute
{
    private const uint TypeChip = 1;
    private const uint TypeMessage = 2;

    /// <summary>The interrupt number.</summary>
    [FieldOffset(0)]
    public uint Gsi;

    [FieldOffset(4)]
    private uint _type;

    [FieldOffset(16)]
    private uint _chipOrAddressLow;

    [FieldOffset(20)]
    private uint _inputOrAddressHigh;

    [FieldOffset(24)]
    private uint _data;

    /// <summary>A route to an input of a controller in the kernel.</summary>
    /// <param name="gsi">The interrupt number.</param>
    /// <param name="chip">See <see cref="KvmIrqChipState.Chip"/>.</param>
    /// <param name="input">Its input.</param>
    public static KvmRoute ToChip(uint gsi, uint chip, uint input)
        => new() { Gsi = gsi, _type = TypeChip, _chipOrAddressLow = chip, _inputOrAddressHigh = input };

    /// <summary>A route that sends a message.</summary>
    /// <param name="gsi">The interrupt number.</param>
    /// <param name="address">The message's address.</param>
    /// <param name="data">Its data.</param>
    public static KvmRoute ToMessage(uint gsi, ulong address, uint data)
        => new() { Gsi = gsi, _type = TypeMessage, _chipOrAddressLow = (uint)address, _inputOrAddressHigh = (uint)(address >> 32), _data = data };
}
