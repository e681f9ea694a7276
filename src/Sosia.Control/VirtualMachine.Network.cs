using System;
using Sosia.Devices.Network;

namespace Sosia.Control;

/// <content>Network cards: what arrives on another thread is taken on the machine's.</content>
public sealed partial class VirtualMachine
{
    private void ConnectNetwork()
    {
        foreach (INetworkCard card in Machine.NetworkCards)
        {
            Action service = card.ServiceCable;
            card.Cable.Wake = () => Post(service);
            Post(service);
        }
    }
}
