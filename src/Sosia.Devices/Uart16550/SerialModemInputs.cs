using System;

namespace Sosia.Devices.Uart16550;

/// <summary>The modem status inputs of a serial port; the values are those of the modem status register's upper half.</summary>
[Flags]
public enum SerialModemInputs : byte
{
    /// <summary>No input asserted.</summary>
    None = 0,

    /// <summary>CTS.</summary>
    ClearToSend = 0x10,

    /// <summary>DSR.</summary>
    DataSetReady = 0x20,

    /// <summary>RI.</summary>
    RingIndicator = 0x40,

    /// <summary>DCD.</summary>
    DataCarrierDetect = 0x80,
}
