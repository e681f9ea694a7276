namespace Sosia.Core.Buses;

/// <summary>Sees every device access when tracing is on.</summary>
public interface IBusTrace
{
    /// <summary>A port was read.</summary>
    void PortRead(ushort port, int byteCount, uint value, string? device);

    /// <summary>A port is about to be written.</summary>
    void PortWrite(ushort port, int byteCount, uint value, string? device);

    /// <summary>A device register was read.</summary>
    void MmioRead(ulong guestPhysical, int byteCount, ulong value, string? device);

    /// <summary>A device register is about to be written.</summary>
    void MmioWrite(ulong guestPhysical, int byteCount, ulong value, string? device);
}
