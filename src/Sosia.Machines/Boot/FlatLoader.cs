using Sosia.Core;

namespace Sosia.Machines.Boot;

/// <summary>Starts a flat binary: bytes without a header, copied to an address and entered at the first one.</summary>
internal static class FlatLoader
{
    private const ulong RealModeEnd = 0x10_0000;

    /// <summary>Loads the binary and enters it.</summary>
    public static void Load(BootEnvironment environment, byte[] binary, string path, ulong address)
    {
        if (environment.Options.Initrd is { } initrd)
        {
            throw new SosiaException($"A flat binary takes no initrd ('{initrd}'); leave out --initrd or --load-address.");
        }

        bool isReal = environment.Options.FlatEntry switch
        {
            FlatEntry.Real => true,
            FlatEntry.Protected32 => false,
            _ => address < RealModeEnd,
        };
        if (isReal && address >= RealModeEnd)
        {
            throw new SosiaException($"A flat binary at 0x{address:x} cannot begin in real mode, which reaches 1 MiB; choose a lower --load-address or the 32-bit entry.");
        }

        if (address > uint.MaxValue || !environment.Memory.WriteBytes(address, binary))
        {
            throw new SosiaException($"The flat binary '{path}' ({binary.Length} bytes) at 0x{address:x} does not lie in RAM below 4 GiB; choose another --load-address or more --memory.");
        }

        if (!isReal)
        {
            EntryState.EnterProtected(environment.Cpu, environment.Memory, (uint)address);
        }
        else if (address < 0x1_0000)
        {
            EntryState.EnterReal(environment.Cpu, 0, (ushort)address);
        }
        else
        {
            EntryState.EnterReal(environment.Cpu, (ushort)(address >> 4), (ushort)(address & 0xf));
        }
    }
}
