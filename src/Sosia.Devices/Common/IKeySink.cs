using Sosia.Devices.I8042;

namespace Sosia.Devices.Common;

/// <summary>A keyboard, as whoever presses its keys sees it.</summary>
public interface IKeySink
{
    /// <summary>True when the guest takes its keys.</summary>
    bool IsUsed { get; }

    /// <summary>The indicators: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock.</summary>
    byte Indicators { get; }

    /// <summary>Presses or releases a key. On the machine's thread.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isDown">True to press it.</param>
    void Enqueue(Ps2Key key, bool isDown);
}
