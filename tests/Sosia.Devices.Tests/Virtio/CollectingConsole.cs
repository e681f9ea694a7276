using System;
using System.Text;
using Sosia.Devices.Virtio;

namespace Sosia.Devices.Tests.Virtio;

internal sealed class CollectingConsole : IVirtioConsoleBackend
{
    private readonly StringBuilder _text = new();

    public string Text => _text.ToString();

    public void Transmit(ReadOnlySpan<byte> bytes) => _text.Append(Encoding.Latin1.GetString(bytes));
}
