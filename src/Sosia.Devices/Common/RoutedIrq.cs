using Sosia.Core.Interrupts;

namespace Sosia.Devices.Common;

/// <summary>A wire whose other end the guest can plug into different inputs of a sink: an interrupt router's output.</summary>
internal sealed class RoutedIrq(IIrqSink sink)
{
    /// <summary>"Plugged into nothing."</summary>
    public const int Nowhere = -1;

    /// <summary>The input that the wire asserts now, or <see cref="Nowhere"/>.</summary>
    public int AssertedInput { get; private set; } = Nowhere;

    /// <summary>Drives the wire.</summary>
    /// <param name="input">Where it is plugged in.</param>
    /// <param name="asserted">Its level.</param>
    public void Set(int input, bool asserted)
    {
        int target = asserted ? input : Nowhere;
        if (target == AssertedInput)
        {
            return;
        }

        int before = AssertedInput;
        AssertedInput = target;
        if (before != Nowhere)
        {
            sink.SetIrq(before, false);
        }

        if (target != Nowhere)
        {
            sink.SetIrq(target, true);
        }
    }

    /// <summary>While a snapshot is restored, without telling the sink.</summary>
    public void Restore(int assertedInput) => AssertedInput = assertedInput;
}
