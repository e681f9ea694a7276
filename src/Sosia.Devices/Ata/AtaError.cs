namespace Sosia.Devices.Ata;

/// <summary>Bits of the Error register (ATA/ATAPI-6, 7.9).</summary>
internal static class AtaError
{
    /// <summary>ILI or command-specific: for packet commands, the sense key is in bits 7:4.</summary>
    public const byte IllegalLength = 1 << 0;

    /// <summary>ABRT: the command is not supported or was broken off.</summary>
    public const byte Aborted = 1 << 2;

    /// <summary>IDNF: the address is outside the medium.</summary>
    public const byte IdNotFound = 1 << 4;

    /// <summary>UNC: data could not be read.</summary>
    public const byte Uncorrectable = 1 << 6;

    /// <summary>ICRC: a DMA transfer was damaged.</summary>
    public const byte InterfaceCrc = 1 << 7;
}
