namespace Sosia.Core.Buses;

/// <summary>A device that answers to a range of guest physical addresses. It sees offsets into its range, never absolute addresses.</summary>
public interface IMmioDevice
{
    /// <summary>The guest reads a register.</summary>
    /// <param name="offset">Byte offset from the start of the mapped range.</param>
    /// <param name="byteCount">1, 2, 4 or 8; the access does not leave the range. Alignment is not guaranteed.</param>
    /// <returns>The value, zero-extended.</returns>
    ulong ReadMmio(ulong offset, int byteCount);

    /// <summary>The guest writes a register.</summary>
    /// <param name="offset">Byte offset from the start of the mapped range.</param>
    /// <param name="byteCount">1, 2, 4 or 8; the access does not leave the range. Alignment is not guaranteed.</param>
    /// <param name="value">The value, zero-extended.</param>
    void WriteMmio(ulong offset, int byteCount, ulong value);
}
