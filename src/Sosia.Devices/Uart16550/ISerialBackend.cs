namespace Sosia.Devices.Uart16550;

/// <summary>What is at the other end of a serial port's cable.</summary>
public interface ISerialBackend
{
    /// <summary>The port sent a character. Called on the machine's thread; must not block.</summary>
    void Transmit(byte value);

    /// <summary>The port's break condition began or ended.</summary>
    void BreakChanged(bool isBreak)
    {
    }

    /// <summary>The port's modem control outputs changed.</summary>
    /// <param name="dataTerminalReady">DTR.</param>
    /// <param name="requestToSend">RTS.</param>
    void ModemControlChanged(bool dataTerminalReady, bool requestToSend)
    {
    }
}
