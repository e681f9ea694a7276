using System.Numerics;
using Sosia.Devices.Pci;

namespace Sosia.Machines;

/// <summary>
/// Does for PCI devices what PC firmware does before it starts an operating system: gives the base address registers their addresses,
/// switches decoding on and fills in the interrupt line registers.
/// </summary>
internal static class PciFirmware
{
    private const int FirstBar = 0x10;
    private const int LastBar = 0x24;
    private const int InterruptLine = 0x3c;
    private const uint FirstPort = 0xc000;
    private const uint FirstMemory = 0xfe00_0000;

    // Frame buffers and the like lie below what is small.
    private const uint FirstLargeMemory = 0xe000_0000;
    private const uint LargeByteCount = 0x10_0000;

    /// <summary>Sets up all functions of a bus.</summary>
    /// <param name="pci">The bus.</param>
    /// <param name="irqs">The ISA interrupts of the four wires.</param>
    public static void AssignResources(PciBus pci, byte[] irqs)
    {
        uint nextPort = FirstPort;
        uint nextMemory = FirstMemory;
        uint nextLargeMemory = FirstLargeMemory;
        foreach (PciFunction function in pci.Functions)
        {
            ushort command = (ushort)(function.Command & ~(PciFunction.CommandIo | PciFunction.CommandMemory));
            ushort decode = 0;
            for (int bar = FirstBar; bar <= LastBar; bar += 4)
            {
                uint kind = function.ReadConfiguration(bar, 4);
                function.WriteConfiguration(bar, 4, uint.MaxValue);
                uint mask = function.ReadConfiguration(bar, 4);
                bool isPort = (kind & 1) != 0;
                mask &= isPort ? ~3u : ~0xfu;
                if (mask == 0)
                {
                    continue;
                }

                uint byteCount = 1u << BitOperations.TrailingZeroCount(mask);
                if (isPort)
                {
                    nextPort = (nextPort + byteCount - 1) & ~(byteCount - 1);
                    function.WriteConfiguration(bar, 4, nextPort);
                    nextPort += byteCount;
                    decode |= PciFunction.CommandIo;
                    continue;
                }

                ref uint next = ref nextMemory;
                if (byteCount >= LargeByteCount)
                {
                    next = ref nextLargeMemory;
                }

                next = (next + byteCount - 1) & ~(byteCount - 1);
                function.WriteConfiguration(bar, 4, next);
                next += byteCount;
                decode |= PciFunction.CommandMemory;
                if ((kind & 6) == 4)
                {
                    bar += 4;
                    function.WriteConfiguration(bar, 4, 0);
                }
            }

            if (decode != 0)
            {
                function.WriteConfiguration(PciFunction.CommandOffset, 2, (uint)(command | decode));
            }

            if (function.InterruptPin != 0)
            {
                function.WriteConfiguration(InterruptLine, 1, irqs[PciBus.WireOf(function.DeviceNumber, function.InterruptPin)]);
            }
        }
    }
}
