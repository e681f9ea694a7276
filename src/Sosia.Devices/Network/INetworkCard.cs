using Sosia.Net;

namespace Sosia.Devices.Network;

/// <summary>A card with a cable. Members are for the machine's thread.</summary>
public interface INetworkCard
{
    /// <summary>Its name, unique in its machine.</summary>
    string Name { get; }

    /// <summary>Its end of its cable.</summary>
    CableEnd Cable { get; }

    /// <summary>Whether the guest sees that the cable is plugged in.</summary>
    bool IsLinkUp { get; set; }

    /// <summary>Takes what has arrived, and sends what had no room: to be called after <see cref="CableEnd.Wake"/>.</summary>
    void ServiceCable();
}
