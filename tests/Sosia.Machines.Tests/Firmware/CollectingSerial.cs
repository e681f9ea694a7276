using System.Text;
using Sosia.Devices.Uart16550;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Keeps what is written to it.</summary>
internal sealed class CollectingSerial : ISerialBackend
{
    private readonly StringBuilder _text = new();

    public string Text => _text.ToString();

    public void Transmit(byte value) => _text.Append((char)value);
}
